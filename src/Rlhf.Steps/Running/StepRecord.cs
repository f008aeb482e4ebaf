using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>Where the metric lines of a step lie: the blob's SHA-256 and how many lines it has.</summary>
public sealed record JournalRef(string Sha256, int Lines);

/// <summary>
/// Where an artifact came from. Written last, create-only, under the step's key: it is the commit of the step and its cache entry.
/// Seconds are of the attempt that committed; bytes are the process's peak resident memory.
/// </summary>
public sealed record StepRecord(
    string Key, string Step, int StepVersion, string ProductVersion, string Instance, string Activity,
    JsonObject Inputs, JsonObject Hparams, JsonObject Outputs, string Outcome,
    DateTimeOffset StartedAt, DateTimeOffset FinishedAt, double Seconds, long PeakMemoryBytes, JournalRef? Journal)
{
    /// <summary>The person who started the instance; null where a schedule, an event or nobody known did.</summary>
    public string? StartedBy { get; init; }
}

/// <summary>The step records of a store: <c>records/key.json</c>.</summary>
public sealed class StepRecords(IObjectStore objects)
{
    public async Task<StepRecord?> FindAsync(string key, CancellationToken cancellationToken) =>
        await objects.ReadAsync(Name(key), cancellationToken) is { } bytes ? CanonicalJson.Deserialize<StepRecord>(bytes, Name(key)) : null;

    /// <summary>Commits; where another attempt committed first, its record is the answer.</summary>
    public async Task<StepRecord> CommitAsync(StepRecord record, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(Name(record.Key), CanonicalJson.Serialize(record), cancellationToken)
            ? record
            : (await FindAsync(record.Key, cancellationToken))!;

    public async Task<IReadOnlyList<StepRecord>> ListAsync(CancellationToken cancellationToken)
    {
        var records = new List<StepRecord>();
        foreach (var name in await objects.ListAsync("records/", cancellationToken))
            records.Add(CanonicalJson.Deserialize<StepRecord>((await objects.ReadAsync(name, cancellationToken))!, name));
        return records;
    }

    static string Name(string key) => $"records/{key}.json";
}
