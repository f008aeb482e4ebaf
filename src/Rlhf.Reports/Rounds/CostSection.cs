using System.Globalization;
using System.Xml.Linq;
using Rlhf.Reports.Pages;
using Rlhf.Steps.Judging;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>What the round took: tokens, judgements, money, and, on a page about a run, time.</summary>
static class CostSection
{
    public static XElement Of(RoundMaterial round, IReadOnlyList<StepTime>? times)
    {
        var cost = round.Cost;
        return Section(
            "cost", "Cost",
            cost.Sampled.Count == 0 ? null : Table("Sampled completions", ["Artifact", "Completions", "Tokens"], cost.Sampled.Select(s => (IReadOnlyList<object?>)[Code(s.Artifact), s.Completions, s.Tokens])
                .Append([new XElement("strong", "in all"), cost.Sampled.Sum(s => s.Completions), cost.Sampled.Sum(s => s.Tokens)])),
            cost.Judged.Count == 0 ? null : Table("Judgements that were collected", ["Artifact", "People", "AI judges", "Simulated", "Labelers' time"], cost.Judged.Select(j => (IReadOnlyList<object?>)
                [Code(j.Artifact), j.People, j.Judges, j.Simulated, Time(j)])
                .Append([new XElement("strong", "in all"), cost.Judged.Sum(j => j.People), cost.Judged.Sum(j => j.Judges), cost.Judged.Sum(j => j.Simulated), Time(new("", cost.Judged.Sum(j => j.People), 0, cost.Judged.Sum(j => j.Simulated), cost.Judged.Sum(j => j.Seconds)))])),
            cost.Judges.Select(Judge),
            cost.Missing.Count == 0 ? null : Absent($"Not in this store, and not in these sums: {string.Join(", ", cost.Missing)}."),
            times is null
                ? Absent("How long it took is of a run, not of its artifacts: rlhf report and rlhf serve show it.")
                : Times(times));
    }

    static string Time(CollectedJudgements judged) => judged.Seconds is { } seconds ? $"{Readable.Duration(seconds)}{(judged.Simulated > 0 && judged.People == 0 ? " (simulated)" : "")}" : "not known";

    static XElement Judge(JudgeReport judge) => Paragraph(
        $"AI judge {judge.Model}{(judge.Simulated ? " (simulated)" : "")}: {Readable.Count(judge.Judgements)} judgements"
        + (judge is { InputTokens: { } read, OutputTokens: { } written } ? $", {Readable.Count(read)} tokens read and {Readable.Count(written)} written" : ", tokens not known")
        + (judge.Unmetered is > 0 and { } unmetered ? $", {unmetered} answers not metered" : "")
        + (judge.Cost is { } money ? string.Create(CultureInfo.InvariantCulture, $"; money {money:0.####} by the prices {judge.Prices} of a million tokens read and written.") : "; money not known, since no prices were set."));

    static IEnumerable<XElement> Times(IReadOnlyList<StepTime> times)
    {
        var rows = times.Select(t => (IReadOnlyList<object?>)[t.Step, Code(t.Artifact), t.Seconds, t.PeakMemoryBytes / 1_000_000, $"{t.FinishedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC"]);
        yield return Table("Time of the steps, of the attempt that committed; what the cache answered took none in this run", ["Step", "Made", "Seconds", "Peak memory of the process (MB)", "Finished"], rows);
        yield return Paragraph($"{Readable.Duration(times.Sum(t => t.Seconds))} in steps; waiting for people is not in it.");
    }
}
