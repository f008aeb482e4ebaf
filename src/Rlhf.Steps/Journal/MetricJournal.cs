using System.Security.Cryptography;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Journal;

/// <summary>One metric line: published key, update (0 and up), value, and the time it was measured.</summary>
public sealed record MetricLine(string Metric, int Update, double Value, DateTimeOffset At);

/// <summary>
/// A step's metrics in the order they were measured. Lines live in memory until a checkpoint or the step record covers them; a resume
/// sets the journal back to its checkpoint, so that no line is lost and none stands twice.
/// </summary>
public sealed class MetricJournal(TimeProvider time, Action<int, IReadOnlyDictionary<string, double>>? onMetrics = null)
{
    List<MetricLine> _lines = [];

    public IReadOnlyList<MetricLine> Lines => _lines;

    /// <exception cref="InvalidDataException">A value is not finite; a number that could not be computed is an error, never a metric.</exception>
    public void Log(int update, IReadOnlyDictionary<string, double> values)
    {
        foreach (var (metric, value) in values)
        {
            if (!double.IsFinite(value))
                throw new InvalidDataException($"Metric '{metric}' at update {update} is {value}; expected a finite number.");
        }
        var now = time.GetUtcNow();
        _lines.AddRange(values.Select(v => new MetricLine(v.Key, update, v.Value, now)));
        onMetrics?.Invoke(update, values);
    }

    internal byte[] ToBytes() => JsonLines.Serialize(_lines);

    internal void Restore(byte[] bytes) => _lines = JsonLines.Deserialize<MetricLine>(bytes, "the journal");

    internal async Task<JournalRef?> StoreAsync(IObjectStore objects, CancellationToken cancellationToken)
    {
        if (_lines.Count == 0) return null;
        var bytes = ToBytes();
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        await objects.TryCreateAsync($"journals/{hash}.jsonl", bytes, cancellationToken);
        return new(hash, _lines.Count);
    }

    /// <summary>The committed lines of a finished step.</summary>
    public static async Task<IReadOnlyList<MetricLine>> ReadAsync(IObjectStore objects, JournalRef journal, CancellationToken cancellationToken)
    {
        var name = $"journals/{journal.Sha256}.jsonl";
        var bytes = await objects.ReadAsync(name, cancellationToken) ?? throw new InvalidDataException($"{name} is missing from the store.");
        return JsonLines.Deserialize<MetricLine>(bytes, name);
    }
}
