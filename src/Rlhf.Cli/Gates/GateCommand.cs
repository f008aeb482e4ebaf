using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rlhf.Cli.Workflows;
using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Spectre.Console;

namespace Rlhf.Cli.Gates;

/// <summary><c>rlhf gate decide</c>: what a file of judgements comes to under given criteria, without a store.</summary>
static class GateCommand
{
    // A figure that does not exist is null in the document, not absent from it.
    static readonly JsonSerializerOptions WithNulls = new(CanonicalJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.Never };

    /// <returns>0 where it would be promoted, 3 where it is rejected, 4 where more judgements are needed.</returns>
    public static int Decide(string judgements, string criteria, bool json, CancellationToken cancellationToken)
    {
        var read = GateFiles.Read(WorkflowFiles.Gate(criteria));
        var content = JudgementFile.Read(judgements, cancellationToken);
        var verdict = FileGate.Decide(content, read);
        if (json)
        {
            var document = JsonSerializer.SerializeToNode(verdict, WithNulls)!.AsObject();
            document.Insert(0, "decision", JsonNamingPolicy.CamelCase.ConvertName(verdict.Outcome));
            document["criteriaSha256"] = Convert.ToHexStringLower(SHA256.HashData(read.ToBytes()));
            Console.Out.WriteLine(document.ToJsonString(WithNulls));
        }
        else Print(verdict);
        return verdict.Outcome switch { GateVerdict.Promote => ExitCodes.Done, GateVerdict.Reject => ExitCodes.RefusedByGate, _ => ExitCodes.WaitingForPeople };
    }

    static void Print(GateVerdict verdict)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected) console.Profile.Width = 160;
        console.WriteLine($"{verdict.Outcome}{JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare)}: {verdict.Reason}");
        Lines(verdict.Criteria);
        var statistics = verdict.Statistics;
        console.WriteLine($"{verdict.Judgements} judgements of {verdict.Prompts} prompts by {verdict.Labelers} labelers: {verdict.Wins} for the challenger, {verdict.Losses} for the champion, {verdict.Ties} ties.");
        foreach (var cluster in verdict.Clusters) console.WriteLine($"  cluster {cluster.Cluster}: win rate {cluster.Rate:0.000} of {cluster.Prompts} prompts");
        if (statistics.ClustersContradict == true) console.WriteLine("  Most clusters say otherwise than the whole (Simpson's paradox).");
        if (statistics is { DecisiveWinRate: { } rate, WilsonLower: { } lower, WilsonUpper: { } upper }) console.WriteLine($"  Of decisive judgements {rate:0.000} for the challenger, Wilson interval {lower:0.000} to {upper:0.000}; sign test over prompts p {statistics.SignTest:0.0000}");
        if (statistics is { LengthControlledWinRate: { } controlled, LengthControlledLower: { } low, LengthControlledUpper: { } high }) console.WriteLine($"  Length-controlled win rate {controlled:0.000}, {low:0.000} to {high:0.000}");
        if (statistics is { FirstShownWins: { } first, FirstShownLower: { } least, FirstShownUpper: { } most }) console.WriteLine($"  The side shown first wins {first:0.000}, {least:0.000} to {most:0.000}");
    }

    /// <summary>One line each.</summary>
    public static void Lines(IEnumerable<CriterionResult> criteria)
    {
        foreach (var criterion in criteria)
            Console.Out.WriteLine($"  {criterion.State switch { CriterionState.Holds => "holds", CriterionState.Fails => "fails", _ => "open " }}: {criterion.Name}: {criterion.Reason}");
    }
}
