using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// What the server has acknowledged of one run: the run's id, how many lines of its journal, and the fingerprint of all else, empty until all
/// of it was acknowledged. It holds for the run of that id only: another one has nothing yet. Of a round it keeps the end that was told, and
/// with how many steps, and lines of those that had no record.
/// </summary>
sealed record Delivered(string RunId, int Lines, string Fingerprint = "", RunEnd? End = null, int Steps = 0, int RunningLines = 0)
{
    /// <summary>Id of the experiment that the run stands in; null where an earlier version of the product delivered it.</summary>
    public string? Experiment { get; init; }
}

/// <summary>One entry of the ledger: who delivers until when, and what was delivered, by the runs' keys.</summary>
sealed record LedgerEntry(string Owner, DateTimeOffset Until, IReadOnlyDictionary<string, Delivered> Runs)
{
    public static readonly LedgerEntry None = new("", DateTimeOffset.MinValue, new Dictionary<string, Delivered>());
}

/// <summary>
/// What has been delivered, and who is delivering: <c>tracking/destination/place/n.json</c>, one place for each instance and one for the
/// models. An entry is created only where its number is free and never changed; the highest number holds. Whoever writes one removes those
/// below it, so that the highest that was ever written is always there.
/// </summary>
sealed partial class DeliveryLedger(IObjectStore objects, string destination, TimeProvider time)
{
    // Entries never change: each is read once.
    readonly ConcurrentDictionary<string, LedgerEntry> _known = new();
    readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";

    string Folder => $"tracking/{destination}/";

    /// <summary>Every place's newest entry, by the place.</summary>
    public async Task<IReadOnlyDictionary<string, LedgerEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        var newest = new Dictionary<string, LedgerEntry>();
        var current = new HashSet<string>();
        var names = (await objects.ListAsync(Folder, cancellationToken)).Select(Parse).OfType<(string Place, int Number)>();
        foreach (var place in names.GroupBy(n => n.Place))
        {
            var number = place.Max(n => n.Number);
            newest[place.Key] = await EntryAsync(place.Key, number, cancellationToken) ?? (await NewestAsync(place.Key, cancellationToken)).Entry;
            current.Add(Name(place.Key, number));
        }
        foreach (var old in _known.Keys.Where(name => !current.Contains(name))) _known.TryRemove(old, out _);
        return newest;
    }

    /// <summary>The newest entry of one place; one with nothing where there is none.</summary>
    public async Task<LedgerEntry> OfAsync(string place, CancellationToken cancellationToken) => (await NewestAsync(place, cancellationToken)).Entry;

    /// <summary>Takes the place for so long, or answers who has it.</summary>
    public async Task<(DeliveryLease? Lease, LedgerEntry Holder)> TakeAsync(string place, TimeSpan lease, CancellationToken cancellationToken)
    {
        var (number, newest) = await NewestAsync(place, cancellationToken);
        if (newest.Until > time.GetUtcNow() && newest.Owner != _owner) return (null, newest);
        var taken = newest with { Owner = _owner, Until = time.GetUtcNow() + lease };
        return await WriteAsync(place, number + 1, taken, cancellationToken)
            ? (new(this, place, lease, number + 1, taken, time), taken)
            : (null, (await NewestAsync(place, cancellationToken)).Entry);
    }

    /// <summary>Writes the entry; false where another sender has the place.</summary>
    internal async Task<bool> WriteAsync(string place, int number, LedgerEntry entry, CancellationToken cancellationToken)
    {
        if (!await objects.TryCreateAsync(Name(place, number), CanonicalJson.Serialize(entry), cancellationToken)) return false;
        var numbers = await NumbersAsync(place, cancellationToken);
        // This number may have been used and removed while this sender slept: then a higher one stands, and it came too late.
        if (!numbers.Contains(number) || numbers.Max() > number)
        {
            await objects.DeleteAsync(Name(place, number), cancellationToken);
            return false;
        }
        foreach (var old in numbers.Where(n => n < number)) await objects.DeleteAsync(Name(place, old), cancellationToken);
        return true;
    }

    async Task<(int Number, LedgerEntry Entry)> NewestAsync(string place, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var numbers = await NumbersAsync(place, cancellationToken);
            if (numbers.Count == 0) return (0, LedgerEntry.None);
            // Null: superseded between the listing and the reading.
            if (await EntryAsync(place, numbers.Max(), cancellationToken) is { } entry) return (numbers.Max(), entry);
        }
    }

    async Task<LedgerEntry?> EntryAsync(string place, int number, CancellationToken cancellationToken)
    {
        var name = Name(place, number);
        if (_known.TryGetValue(name, out var known)) return known;
        if (await objects.ReadAsync(name, cancellationToken) is not { } bytes) return null;
        return _known[name] = CanonicalJson.Deserialize<LedgerEntry>(bytes, name);
    }

    async Task<List<int>> NumbersAsync(string place, CancellationToken cancellationToken) =>
        [.. (await objects.ListAsync($"{Folder}{place}/", cancellationToken)).Select(Parse).OfType<(string Place, int Number)>().Select(n => n.Number)];

    (string Place, int Number)? Parse(string name) =>
        name[Folder.Length..].Split('/') is [var place, var file] && int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (place, number)
            : null;

    string Name(string place, int number) => $"{Folder}{place}/{number.ToString("D8", CultureInfo.InvariantCulture)}.json";

    /// <summary>The place of an instance: its id where that is a plain word, otherwise the hash of it.</summary>
    public static string PlaceOf(string instance) => $"run-{(Plain().IsMatch(instance) ? instance : ProjectedValues.Hash(instance))}";

    /// <summary>The place of all registered models.</summary>
    public const string Models = "models";

    [GeneratedRegex("^[a-z0-9-]{1,60}\\z")]
    private static partial Regex Plain();
}
