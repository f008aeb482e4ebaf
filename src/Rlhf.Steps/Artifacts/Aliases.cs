using System.Globalization;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;

namespace Rlhf.Steps.Artifacts;

/// <summary>One version of a name: its number from 1, the artifact, why it was set, when, and by which instance.</summary>
public sealed record AliasVersion(int Version, ArtifactRef Artifact, string Reason, DateTimeOffset At, string Instance)
{
    /// <summary>Id of the promotion that wrote it, whose record's artifact is the reason; null for others.</summary>
    public string? Promotion { get; init; }

    /// <summary>The version whose artifact it set again; null where it is no rollback.</summary>
    public int? RollbackTo { get; init; }
}

/// <summary>
/// Names that move, such as <c>0f3a…/champion</c>: version n of a name is the file <c>aliases/environment/name/n.json</c>, created only where
/// none exists, so that two writers can never both be n. The current version is the highest.
/// </summary>
public sealed class Aliases(IObjectStore objects, string environment = Aliases.Sandbox)
{
    /// <summary>The environment of those who name none.</summary>
    public const string Sandbox = "sandbox";

    /// <summary>The name of a campaign's champion.</summary>
    public static string Champion(string campaign) => $"{campaign}/champion";

    /// <summary>The name of the preference pairs of an axis that a campaign's next round starts from.</summary>
    public static string Preferences(string campaign, string axis = JudgementLine.DefaultAxis) => $"{campaign}/preferences{Suffix(axis)}";

    /// <summary>The name of the reward model of an axis by which a campaign's next round chooses what to ask.</summary>
    public static string RewardModel(string campaign, string axis = JudgementLine.DefaultAxis) => $"{campaign}/reward-model{Suffix(axis)}";

    /// <summary>The name of a campaign's newest challenger that was reported, whatever became of it.</summary>
    public static string Challenger(string campaign) => $"{campaign}/challenger";

    /// <summary>The name of the newest policy from inside a campaign's trainings.</summary>
    public static string EarlyPolicy(string campaign) => $"{campaign}/early-policy";

    /// <summary>The name of the ratings of all policies that a campaign compared.</summary>
    public static string Ratings(string campaign) => $"{campaign}/ratings";

    public string Environment => environment;

    /// <exception cref="ArgumentException">The axis cannot stand in a name.</exception>
    static string Suffix(string axis) =>
        axis == JudgementLine.DefaultAxis ? ""
        : axis.Length is > 0 and <= 64 && axis.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? $"-{axis}"
        : throw new ArgumentException($"'{axis}' is no axis; expected 1 to 64 letters, digits, '-' and '_'.");

    /// <summary>The names of this environment, in ordinal order.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var folder = $"aliases/{environment}/";
        return [.. (await objects.ListAsync(folder, cancellationToken)).Select(file => file[folder.Length..file.LastIndexOf('/')]).Distinct()];
    }

    public async Task<IReadOnlyList<AliasVersion>> HistoryAsync(string name, CancellationToken cancellationToken)
    {
        var versions = new List<AliasVersion>();
        foreach (var file in await objects.ListAsync($"aliases/{environment}/{name}/", cancellationToken))
            versions.Add(CanonicalJson.Deserialize<AliasVersion>((await objects.ReadAsync(file, cancellationToken))!, file));
        return versions;
    }

    public async Task<AliasVersion?> CurrentAsync(string name, CancellationToken cancellationToken) =>
        await HistoryAsync(name, cancellationToken) is [.., var newest] ? newest : null;

    /// <summary>Creates the version; false where its number is taken.</summary>
    public Task<bool> TryAppendAsync(string name, AliasVersion version, CancellationToken cancellationToken) =>
        objects.TryCreateAsync(
            $"aliases/{environment}/{name}/{version.Version.ToString("D6", CultureInfo.InvariantCulture)}.json",
            CanonicalJson.Serialize(version), cancellationToken);
}
