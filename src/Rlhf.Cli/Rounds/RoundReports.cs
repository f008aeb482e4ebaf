using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Cli.Gates;
using Rlhf.Cli.Stores;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Spectre.Console;

namespace Rlhf.Cli.Rounds;

/// <summary>One step of a run: seconds over all its dispatches; cached where its outputs were those of an earlier run.</summary>
sealed record StepTime(string Activity, double Seconds, bool Cached);

/// <summary>The end of a round, for people and for programs.</summary>
static class RoundReports
{
    public static async Task<IReadOnlyList<StepTime>> StepsAsync(Workspace workspace, string instance, CancellationToken cancellationToken) =>
        [.. (await workspace.Runtime.LogAsync(instance, cancellationToken))
            .Where(l => l.Seconds is not null).GroupBy(l => l.Activity)
            .Select(g => new StepTime(g.Key, g.Sum(l => l.Seconds!.Value), g.All(l => l.Cached)))];

    public static JsonObject ToJson(InstanceDetails details, InstanceResult result, RoundReport? report, OveroptimizationReport? monitor, IReadOnlyList<StepTime> steps, TimeSpan wall) => new()
    {
        ["instance"] = details.Summary.Id,
        ["definition"] = details.Summary.DefinitionId,
        ["status"] = JsonNamingName(result.Status.ToString()),
        ["decision"] = report is null ? null : JsonNamingName(report.Decision.Outcome),
        ["simulated"] = report?.Decision.Verdict.Simulated,
        ["judgeShare"] = report?.Decision.Verdict.JudgeShare,
        ["report"] = report is null ? null : CanonicalJson.ToObject(report),
        ["overoptimization"] = monitor is null ? null : CanonicalJson.ToObject(monitor),
        ["outputs"] = result.Outputs.DeepClone(),
        ["seconds"] = Math.Round(wall.TotalSeconds, 3),
        ["secondsPerStep"] = new JsonObject(steps.Select(s => KeyValuePair.Create<string, JsonNode?>(s.Activity, Math.Round(s.Seconds, 3)))),
        ["cachedSteps"] = new JsonArray([.. steps.Where(s => s.Cached).Select(s => (JsonNode)s.Activity)]),
        ["peakMemoryBytes"] = PeakMemory(),
    };

    public static void Print(
        InstanceDetails details, InstanceResult result, RoundReport? report, OveroptimizationReport? monitor, IReadOnlyList<StepTime> steps, TimeSpan wall, string store)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = 140;
        if (report is null) console.WriteLine($"{details.Summary.DefinitionId} {details.Summary.Id}: {result.Status}. Outputs: {CanonicalJson.ToText(result.Outputs)}");
        else PrintRound(console, report, monitor);
        if (result.Outputs["rounds"] is { } rounds) console.WriteLine($"{details.Summary.DefinitionId}: {rounds} rounds, {result.Outputs["promotions"]} promotions; the last round is above.{Ended(details, result)}");
        console.WriteLine();
        if (steps.Count > 0) Console.Out.WriteLine(string.Join("  ", steps.Select(s => $"{s.Activity} {(s.Cached ? "cached" : $"{s.Seconds:0.0} s")}")));
        console.WriteLine($"{wall.TotalSeconds:0.0} s in all, peak memory {PeakMemory() / 1e6:0} MB. Artifacts: {store} (rlhf artifacts list)");
        if (report is not null) console.WriteLine($"To be read: rlhf report {report.Round} --open");
    }

    static void PrintRound(IAnsiConsole console, RoundReport report, OveroptimizationReport? monitor)
    {
        var verdict = report.Decision.Verdict;
        var (origin, learned) = (JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare), JudgedBy.Mark(report.RewardModel.Simulated, report.RewardModel.JudgeShare));
        var table = new Table().Title($"Round {report.Round}").AddColumns("Figure", "Before", "After").AddColumn("Source");
        table.AddRow("Reward model: accuracy on held-out judgements", "", $"{report.RewardModel.Accuracy:0.000} of {report.RewardModel.Pairs}", $"reward model{learned}");
        table.AddRow("  bag of words on the same pairs", "", $"{report.RewardModel.BaselineAccuracy:0.000}", $"baseline{learned}");
        table.AddRow("  calibration error, best temperature", "", $"{report.RewardModel.Calibration.Ece:0.000}, {report.RewardModel.Calibration.Temperature:0.00}", $"reward model{learned}");
        table.AddRow("  scores and length: correlation", "", report.RewardModel.Length.Correlation is { } correlation ? $"{correlation:0.00} (decides {report.RewardModel.Length.Decided:P0} of the pairs)" : "all of one length", "reward model");
        if (report.RewardModel is { LanguageLossBefore: { } before, LanguageLossAfter: { } after })
            table.AddRow("  backbone as a language model, nats a token", $"{before:0.000}", $"{after:0.000}", "reward model");
        if (report.Gold is { } measured)
        {
            table.AddRow("  accuracy against gold", "", $"{measured.RewardModelAccuracy:0.000} (bag of words {measured.BaselineAccuracy:0.000})", "gold (simulated)");
            table.AddRow("Gold score", $"{measured.ChampionMean:0.000}", $"{measured.ChallengerMean:0.000} ({measured.Gain:+0.00;-0.00} deviations)", "gold (simulated)");
        }
        table.AddRow("Proxy score", $"{report.ProxyBefore:0.000}", $"{report.ProxyAfter:0.000}", "reward model");
        table.AddRow("KL to the reference, nats a sequence", "", $"{report.SequenceKl:0.00}", monitor is null ? "PPO" : "the checkpoint handed on");
        table.AddRow(
            "Win rate against the champion", "", $"{(verdict.WinRate is { } rate ? $"{rate:0.000} [[{verdict.LowerBound:0.000}, {verdict.UpperBound:0.000}]]" : "nothing was judged")} ({verdict.Wins} won, {verdict.Losses} lost, {verdict.Ties} ties)",
            $"judgements{origin}");
        if (report.ChallengerRating is { } rating)
            table.AddRow("Rating among all policies of the campaign", Rating(report.ChampionRating), Rating(rating), $"judgements of all rounds{origin}");
        if (monitor is not null) MonitorReports.AddTo(table, monitor);
        table.AddRow("Decision", "", verdict.Outcome, $"gate{origin}");
        console.Write(table);
        GateCommand.Lines(verdict.Criteria);
        console.WriteLine();
        foreach (var (name, artifact) in new[]
                 {
                     ("champion", report.Champion), ("challenger", report.Challenger), ("reward model", report.RewardModelRef), ("preferences", report.Preferences), ("evidence", report.Evidence),
                 })
            Console.Out.WriteLine($"  {name,-14}{artifact}");
    }

    /// <summary>Why there is no round after the last one, where the workflow says it.</summary>
    static string Ended(InstanceDetails details, InstanceResult result) => $"{result.Outputs["ended"]}" switch
    {
        "Budget" => " It ended because its budget is used up.",
        "Gate" => $" It ended because the gate rejected {(details.Inputs["maxRejections"] is { } most && $"{most}" != "1" ? $"{most} challengers in a row" : "the last challenger")}.",
        "Monitor" => $" It ended because no checkpoint of the last round gained more than {details.Inputs["leastGain"]} deviations of gold over the champion.",
        "Stop" => " It ended because the last round was stopped.",
        _ => "",
    };

    static string Rating(PolicyRating? rating) =>
        rating?.Rating is not { } value ? "not computable" : $"{value:0}{(rating is { Lower: { } lower, Upper: { } upper } ? $" [[{lower:0}, {upper:0}]]" : "")}";

    static long PeakMemory() => Process.GetCurrentProcess().PeakWorkingSet64;

    static string JsonNamingName(string name) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
