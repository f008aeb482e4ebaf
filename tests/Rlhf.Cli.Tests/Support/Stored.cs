using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Support;

/// <summary>What two stores must have in common when one round was disturbed and the other was not.</summary>
static class Stored
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<string[]> Artifacts(string store) => Artifacts(new FolderObjectStore(store));

    public static async Task<string[]> Artifacts(IObjectStore objects) =>
        [.. (await new ArtifactStore(objects).ListAsync(Token)).Select(a => a.ToString())];

    /// <summary>Every metric line of the store but for its time.</summary>
    public static Task<string[]> Metrics(string store) => Metrics(new FolderObjectStore(store));

    public static async Task<string[]> Metrics(IObjectStore objects)
    {
        var lines = new List<string>();
        foreach (var record in await new StepRecords(objects).ListAsync(Token))
        {
            if (record.Journal is not null)
                lines.AddRange((await MetricJournal.ReadAsync(objects, record.Journal, Token)).Select(l => $"{record.Step} {l.Metric} {l.Update} {l.Value:R}"));
        }
        return [.. lines.Order(StringComparer.Ordinal)];
    }
}
