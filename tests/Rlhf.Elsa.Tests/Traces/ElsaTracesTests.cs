using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Runtime.Tests;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Elsa.Tests.Traces;

/// <summary>The golden traces, played to our own Elsa host: the same comparison as for the embedded runtime.</summary>
public sealed class ElsaTracesTests(ITestOutputHelper output)
{
    static readonly string Folder = Environment.GetEnvironmentVariable("RLHF_TRACES") ?? Path.Combine(Repository.Root, "..", "shared", "elsa", "traces");
    static readonly string? Only = Environment.GetEnvironmentVariable("RLHF_TRACES_ONLY");

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

        output.WriteLine($"{verdicts.Count(v => v.Differences.Length == 0)} of {verdicts.Count} equal");
        Assert.NotEmpty(verdicts);
        Assert.Empty(verdicts.Where(v => v.Differences.Length > 0).Select(v => v.Trace));
    }
}
