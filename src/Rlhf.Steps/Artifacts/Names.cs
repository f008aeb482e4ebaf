using System.Globalization;
using System.Text.RegularExpressions;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Artifacts;

/// <summary>One version of a named artifact: its number from 1, the artifact, and when it was added.</summary>
public sealed record NameVersion(int Version, ArtifactRef Artifact, DateTimeOffset At);

/// <summary>
/// Names that people give to artifacts, such as <c>prompts@latest</c>: version n of a name is the file <c>names/name/n.json</c>, created only
/// where none exists, so that two writers can never both be n. A version never changes; the latest is the highest.
/// </summary>
public sealed partial class Names(IObjectStore objects, TimeProvider time)
{
    /// <summary>The name whose versions are the policies: the supervised ones and every challenger that was reported.</summary>
    public const string Policy = "policy";

    /// <summary>The name whose versions are the reward models of reported rounds.</summary>
    public const string RewardModel = "reward-model";

    const string Folder = "names/", Latest = "latest";

    sealed record Entry(ArtifactRef Artifact, DateTimeOffset At);

    /// <summary>True for a name, <c>@</c> and a version, such as <c>prompts@latest</c> or <c>prompts@7</c>; whether it exists is not asked.</summary>
    public static bool IsName(string text) => Form().IsMatch(text);

    /// <summary>The names of this store, in ordinal order.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await objects.ListAsync(Folder, cancellationToken)).Select(file => file.Split('/')[1]).Distinct()];

    /// <summary>All versions of a name, from 1; empty where there is no such name.</summary>
    /// <exception cref="ArgumentException">The name is not of lowercase letters, digits and dashes.</exception>
    public async Task<IReadOnlyList<NameVersion>> HistoryAsync(string name, CancellationToken cancellationToken)
    {
        var versions = new List<NameVersion>();
        foreach (var number in await NumbersAsync(name, cancellationToken)) versions.Add(await ReadAsync(name, number, cancellationToken));
        return versions;
    }

    /// <summary>The newest versions of a name, the newest first.</summary>
    /// <exception cref="ArgumentException">The name is not of lowercase letters, digits and dashes.</exception>
    public async Task<IReadOnlyList<NameVersion>> NewestAsync(string name, int most, CancellationToken cancellationToken)
    {
        var versions = new List<NameVersion>();
        foreach (var number in (await NumbersAsync(name, cancellationToken)).TakeLast(most).Reverse()) versions.Add(await ReadAsync(name, number, cancellationToken));
        return versions;
    }

    /// <summary>Makes the artifact the latest version of the name; where it is that already, nothing is written.</summary>
    /// <exception cref="ArgumentException">The name is not of lowercase letters, digits and dashes.</exception>
    public async Task<NameVersion> AddAsync(string name, ArtifactRef artifact, CancellationToken cancellationToken)
    {
        while (true)
        {
            var newest = await NumbersAsync(name, cancellationToken) is [.., var highest] ? await ReadAsync(name, highest, cancellationToken) : null;
            if (newest?.Artifact == artifact) return newest;
            // Where another writer takes the number first, its version is looked at like any other newest one.
            var next = new NameVersion((newest?.Version ?? 0) + 1, artifact, time.GetUtcNow());
            if (await TryAddAsync(name, next, cancellationToken) is { } added) return added;
        }
    }

    /// <summary>Adds exactly this version; null where its number is taken.</summary>
    public async Task<NameVersion?> TryAddAsync(string name, NameVersion version, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(File(name, version.Version), CanonicalJson.Serialize(new Entry(version.Artifact, version.At)), cancellationToken) ? version : null;

    /// <summary>
    /// The version of the name that the artifact has; where it has none it becomes the latest. So a replayed round gives no second number
    /// to the model of the first.
    /// </summary>
    /// <exception cref="ArgumentException">The name is not of lowercase letters, digits and dashes.</exception>
    public async Task<NameVersion> RegisterAsync(string name, ArtifactRef artifact, CancellationToken cancellationToken)
    {
        while (true)
        {
            var history = await HistoryAsync(name, cancellationToken);
            if (history.FirstOrDefault(v => v.Artifact == artifact) is { } known) return known;
            if (await TryAddAsync(name, new(history is [.., var newest] ? newest.Version + 1 : 1, artifact, time.GetUtcNow()), cancellationToken) is { } added) return added;
        }
    }

    /// <summary>The artifact behind <c>name@latest</c> or <c>name@number</c>.</summary>
    /// <exception cref="ArgumentException">The text is of another form, or there is no such name or version; the message lists those there are.</exception>
    public async Task<ArtifactRef> ResolveAsync(string text, CancellationToken cancellationToken)
    {
        if (!IsName(text)) throw new ArgumentException($"'{text}' is not a name and version; expected such as prompts@latest or prompts@7.");
        var (name, version) = (text[..text.IndexOf('@')], text[(text.IndexOf('@') + 1)..]);
        var numbers = await NumbersAsync(name, cancellationToken);
        if (numbers.Count == 0)
        {
            var known = await ListAsync(cancellationToken);
            throw new ArgumentException($"There is no '{name}'; {(known.Count > 0 ? $"known are {string.Join(", ", known)}" : "nothing has been named yet")}.");
        }
        var number = version == Latest ? numbers[^1]
            : int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && numbers.Contains(n) ? n
            : throw new ArgumentException($"'{version}' is no version of '{name}'; it has {(numbers is [var only] ? $"version {only}" : $"versions {numbers[0]} to {numbers[^1]}")}, and {Latest}.");
        return (await ReadAsync(name, number, cancellationToken)).Artifact;
    }

    async Task<List<int>> NumbersAsync(string name, CancellationToken cancellationToken)
    {
        if (!Plain().IsMatch(name)) throw new ArgumentException($"'{name}' is not a name; expected lowercase letters, digits and dashes, such as prompts.");
        return [.. (await objects.ListAsync($"{Folder}{name}/", cancellationToken)).Select(Number).Order()];
    }

    static int Number(string file) =>
        int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new InvalidDataException($"'{file}' is no version of a name; expected digits and .json.");

    async Task<NameVersion> ReadAsync(string name, int version, CancellationToken cancellationToken)
    {
        var file = File(name, version);
        var bytes = await objects.ReadAsync(file, cancellationToken) ?? throw new InvalidDataException($"'{file}' is missing from the store.");
        var entry = CanonicalJson.Deserialize<Entry>(bytes, $"'{file}'");
        return new(version, entry.Artifact, entry.At);
    }

    static string File(string name, int version) => $"{Folder}{name}/{version.ToString("D8", CultureInfo.InvariantCulture)}.json";

    [GeneratedRegex(@"^[a-z0-9-]+\z")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^[a-z0-9-]+@[a-z0-9-]+\z")]
    private static partial Regex Form();
}
