using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Runtime.Tests;

/// <summary>
/// Recordings of a real Elsa server, run through the interpreter with the same stimuli. Each gives the same events, values and final state,
/// or deviates as a rule says on purpose, or holds a type that this runtime refuses by name.
/// </summary>
public class GoldenTraces(ITestOutputHelper output)
{
    static readonly string? Asked = Environment.GetEnvironmentVariable("RLHF_TRACES");
    static readonly string Folder = Asked ?? Path.Combine(Repository.Root, "..", "shared", "elsa", "traces");

    sealed record Verdict(string Trace, string Kind, string Detail, Deviation? Deviation = null);

    [Fact]
    public void Recorded_traces_of_a_real_server_are_equal_or_deviate_on_purpose_or_are_refused_by_name()
    {
        if (!Directory.Exists(Folder)) Assert.Skip($"There are no traces in '{Folder}'; set RLHF_TRACES.");
        var verdicts = Directory.GetFiles(Folder, "*.json").Select(f => new Trace(Path.GetFileNameWithoutExtension(f), JsonNode.Parse(File.ReadAllText(f))!.AsObject()))
            .OrderBy(t => int.TryParse(t.Name.Split('-')[0], out var number) ? number : int.MaxValue).ThenBy(t => t.Name, StringComparer.Ordinal)
            .Select(Judge).ToList();

        foreach (var group in verdicts.GroupBy(v => v.Kind)) output.WriteLine($"{group.Key}: {group.Count()}");
        foreach (var verdict in verdicts.Where(v => v.Kind != "equal")) output.WriteLine($"{verdict.Kind,-8} {verdict.Trace}: {verdict.Detail}");
        Assert.Empty(verdicts.Where(v => v.Kind == "failed").Select(v => $"{v.Trace}: {v.Detail}"));
        Assert.Contains(verdicts, v => v.Kind == "equal");
        if (Asked is null) KeepTable(verdicts);
    }

    static Verdict Judge(Trace trace)
    {
        var (elsa, (ours, instance)) = (Observed.Of(trace), TraceRun.Of(trace));
        if (trace.OutsideTheList() is { Count: > 0 } outside)
        {
            return outside.FirstOrDefault(t => ours.Refused?.Contains($"'{t}'", StringComparison.Ordinal) == true) is { } named ? new(trace.Name, "refused", named)
                : new(trace.Name, "failed", $"{string.Join(", ", outside)} is not in the list, but the answer is: {ours.Refused ?? "it ran"}");
        }
        // Where Elsa never made an instance, a refusal is the same answer.
        if (trace.Final is null && instance is null) return new(trace.Name, "equal", "");
        var differences = elsa.Differences(ours).ToList();
        if (differences.Count == 0) return new(trace.Name, "equal", "");
        var text = ours.Refused ?? string.Join("; ", differences.Select(d => $"{d.What}: {d.Ours}"));
        var comparison = new Comparison(trace, elsa, ours, [.. differences.Select(d => d.What)]);
        var rule = Deviation.All.FirstOrDefault(r => r.Explains(comparison));
        if (rule is null) return new(trace.Name, "failed", string.Join("; ", differences.Select(d => $"{d.What}: Elsa {d.Elsa}, here {d.Ours}")));
        return Deviation.Recorded.TryGetValue(trace.Name, out var recorded) && recorded.TrimEnd() != text.TrimEnd()
            ? new(trace.Name, "failed", $"it deviates otherwise than the table says: {text}")
            : new(trace.Name, "deviates", text, rule);
    }

    static void KeepTable(List<Verdict> verdicts)
    {
        var file = Repository.Workflow("CONFORMANCE.md");
        // What the other engine gave is written by its own test, and stays.
        var table = TableOf(verdicts) + (File.Exists(file) ? ConformanceFile.ElsaOf(File.ReadAllText(file)) : "");
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 }) Assert.Equal(table, File.Exists(file) ? File.ReadAllText(file) : "");
        else File.WriteAllText(file, table);
    }

    static string TableOf(List<Verdict> verdicts)
    {
        int Count(string kind) => verdicts.Count(v => v.Kind == kind);
        var text = new StringBuilder("# Conformance with Elsa 3.6.3\n\n");
        text.Append("Written by the test `GoldenTraces` from recordings of a real server; not to be edited.\n\n");
        text.Append("| Traces | Equal | Deviate as below | Refused by name | Failed |\n|---|---|---|---|---|\n");
        text.Append($"| {verdicts.Count} | {Count("equal")} | {Count("deviates")} | {Count("refused")} | {Count("failed")} |\n\n");
        text.Append("Equal: the same events with outcomes, evaluated inputs and outputs of every execution, final state, variables, output, incidents,\n");
        text.Append("bookmarks and children. Refused: the definition holds an activity or expression outside of what `README.md` lists.\n\n");
        text.Append("## Deliberate deviations\n\n| Trace | Elsa | Here | Reason |\n|---|---|---|---|\n");
        foreach (var verdict in verdicts.Where(v => v.Deviation is not null))
            text.Append($"| {verdict.Trace} | {verdict.Deviation!.Elsa} | {verdict.Deviation.Here} | {verdict.Deviation.Reason} |\n");
        text.Append("\n## Refused\n\n| Trace | Type |\n|---|---|\n");
        foreach (var verdict in verdicts.Where(v => v.Kind == "refused")) text.Append($"| {verdict.Trace} | {verdict.Detail} |\n");
        return text.ToString();
    }
}
