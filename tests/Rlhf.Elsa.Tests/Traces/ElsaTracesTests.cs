using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Elsa.Tests.Traces;

/// <summary>The golden traces, played to our own Elsa host: the same comparison as for the embedded runtime.</summary>
public sealed class ElsaTracesTests(ITestOutputHelper output)
{
    static readonly string? Asked = Environment.GetEnvironmentVariable("RLHF_TRACES");
    static readonly string Folder = Asked ?? Path.Combine(Repository.Root, "..", "shared", "elsa", "traces");
    static readonly string? Only = Environment.GetEnvironmentVariable("RLHF_TRACES_ONLY");

    /// <summary>Recordings that our host does not give, and why; the text is what it gives instead.</summary>
    static readonly Dictionary<string, (string Differences, string Here, string Reason)> OnPurpose = new()
    {
        ["56-nested-complete-outcome"] = (
            "events: recorded Workflow1.Started flow.Started inner.Started a.Started a.Completed complete.Started complete.Completed inner.Completed flow.Canceled complete.Faulted done.Started done.Completed, "
            + "here Workflow1.Started flow.Started inner.Started a.Started a.Completed complete.Started complete.Completed inner.Completed flow.Canceled complete.Faulted done.Started",
            "the journal lacks that `done`, which runs after the fault, is completed",
            "state is committed before each activity and not only at the end of a burst; without that commit strategy it is equal"),
    };

    [Fact]
    public async Task Recorded_traces_of_a_real_server_are_the_same_in_our_host()
    {
        if (!Directory.Exists(Folder)) Assert.Skip($"There are no traces in '{Folder}'; set RLHF_TRACES.");
        await using var host = await RunningHost.StartAsync();
        var verdicts = new List<(string Trace, string Differences)>();
        foreach (var file in Directory.GetFiles(Folder, "*.json").Where(f => Only is null || Only.Split(',').Contains(Path.GetFileName(f).Split('-')[0])).Order(StringComparer.Ordinal))
        {
            var recorded = new Trace(Path.GetFileNameWithoutExtension(file), JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject());
            var played = await new ElsaTraceRun(host, recorded).PlayAsync();
            var differences = Observed.Of(recorded).Differences(Observed.Of(played)).Select(d => $"{d.What}: recorded {d.Elsa}, here {d.Ours}");
            verdicts.Add((recorded.Name, string.Join("; ", differences)));
            if (verdicts[^1].Differences.Length > 0) output.WriteLine($"{recorded.Name}: {verdicts[^1].Differences}");
        }

        var differing = verdicts.Where(v => v.Differences.Length > 0).ToList();
        output.WriteLine($"{verdicts.Count - differing.Count} of {verdicts.Count} equal");
        Assert.NotEmpty(verdicts);
        Assert.Empty(differing.Where(v => !OnPurpose.TryGetValue(v.Trace, out var known) || known.Differences != v.Differences).Select(v => v.Trace));
        if (Asked is null && Only is null) Keep(verdicts.Count, [.. differing.Select(v => v.Trace)]);
    }

    static void Keep(int all, List<string> differing)
    {
        var file = Repository.Workflow("CONFORMANCE.md");
        var section = new StringBuilder("\nWritten by the test `ElsaTracesTests` (`make elsa`): the same recordings, sent over HTTP to the host of `src/Rlhf.Elsa` with its commit strategy, its scheduler and\n");
        section.Append("SQLite, and compared by the same code. Which build of Elsa it was stands in `tests/RESULTS.md`.\n\n| Traces | Equal | Deviate as below | Failed |\n|---|---|---|---|\n");
        section.Append($"| {all} | {all - differing.Count} | {differing.Count} | 0 |\n\n| Trace | Here | Reason |\n|---|---|---|\n");
        foreach (var trace in differing) section.Append($"| {trace} | {OnPurpose[trace].Here} | {OnPurpose[trace].Reason} |\n");
        var text = ConformanceFile.WithElsa(File.ReadAllText(file), section.ToString());
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 }) Assert.Equal(text, File.ReadAllText(file));
        else File.WriteAllText(file, text);
    }
}
