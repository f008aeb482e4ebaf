using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Overoptimization;

/// <summary><c>rlhf overoptimization fit</c>: a law of over-optimization fitted to the points of a file, without a store.</summary>
static class FitCommand
{
    // A figure that does not exist is null in the document, not absent from it.
    static readonly JsonSerializerOptions WithNulls = new(CanonicalJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    /// <returns>0 where there is a fit, 1 where the points don't carry one.</returns>
    public static int Run(string file, Law law, int resamples, ulong seed, bool json)
    {
        var points = PointsFile.Read(file);
        var outcome = LawFitting.Fit(law, points, resamples, seed);
        if (json) Console.Out.WriteLine(Document(law, points, outcome).ToJsonString(WithNulls));
        else Print(law, outcome);
        return outcome.Fit is null ? ExitCodes.Failed : ExitCodes.Done;
    }

    static JsonObject Document(Law law, IReadOnlyList<GoldPoint> points, FitOutcome outcome) => new()
    {
        ["law"] = law == Law.Rl ? "rl" : "bon",
        ["alpha"] = outcome.Fit?.Alpha.Value,
        ["alphaInterval"] = Ends(outcome.Fit?.Alpha),
        ["beta"] = outcome.Fit?.Beta.Value,
        ["betaInterval"] = Ends(outcome.Fit?.Beta),
        ["bestKl"] = outcome.Fit?.BestKl.Value,
        ["bestKlInterval"] = Ends(outcome.Fit?.BestKl),
        ["bestGain"] = outcome.Fit?.BestGain.Value,
        ["bestGainInterval"] = Ends(outcome.Fit?.BestGain),
        ["r2"] = outcome.Fit?.R2,
        ["points"] = points.Count,
        ["pointsFitted"] = outcome.Fit?.Points,
        ["remarks"] = new JsonArray([.. (outcome.Fit?.Remarks ?? []).Select(r => (JsonNode)r)]),
        ["refused"] = outcome.Refused,
    };

    static JsonArray? Ends(Interval? interval) => interval is null ? null : [interval.Lower, interval.Upper];

    static void Print(Law law, FitOutcome outcome)
    {
        if (outcome.Fit is not { } fit)
        {
            Console.Out.WriteLine(outcome.Refused);
            return;
        }
        Console.Out.WriteLine($"gold = d({(law == Law.Rl ? "α − β ln d" : "α − βd")}), d = √KL, to {fit.Points} points; 95 % intervals of the bootstrap");
        Line("α", fit.Alpha, "0.0000");
        Line("β", fit.Beta, "0.0000");
        Line("best KL, nats", fit.BestKl, "0.00");
        Line("gain there", fit.BestGain, "0.000");
        Console.Out.WriteLine($"  R²             {fit.R2:0.000}");
        foreach (var remark in fit.Remarks) Console.Out.WriteLine(remark);
    }

    static void Line(string name, Interval figure, string format) =>
        Console.Out.WriteLine($"  {name,-15}{figure.Value.ToString(format)}  [{figure.Lower.ToString(format)}, {figure.Upper.ToString(format)}]");
}
