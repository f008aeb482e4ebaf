using System.Text.RegularExpressions;

namespace Rlhf.Steps.Artifacts;

/// <summary>
/// What people write where an artifact is meant: <c>kind/sha256</c> or the first digits of it, a named version such as <c>prompts@latest</c> or
/// <c>policy@7</c>, or what a name stands for in an environment: <c>policy@champion</c>, <c>policy@previous</c>, <c>policy@challenger</c>, with
/// <c>-campaign</c> after it where an environment has several campaigns.
/// </summary>
public sealed partial class References(IObjectStore objects, TimeProvider time, string environment)
{
    readonly Names _names = new(objects, time);
    readonly Aliases _aliases = new(objects, environment);

    /// <summary>
    /// True for a name or alias: what may be resolved where any text may stand, so that such as <c>team@example</c> stays a text. Whether it
    /// exists is not asked.
    /// </summary>
    public static bool IsReference(string text) => Version().IsMatch(text) || Alias().IsMatch(text);

    /// <exception cref="ArgumentException">The text is of no such form, or there is no such artifact, name, version or alias.</exception>
    public async Task<ArtifactRef> ResolveAsync(string text, CancellationToken cancellationToken)
    {
        if (Alias().Match(text) is { Success: true } alias)
            return await AliasAsync(alias.Groups["alias"].Value, alias.Groups["campaign"].Value, cancellationToken);
        if (Names.IsName(text)) return await _names.ResolveAsync(text, cancellationToken);
        return Digits().Match(text) is { Success: true } digits ? await DigitsAsync(text, digits.Groups["kind"].Value, cancellationToken) : ArtifactRef.Parse(text);
    }

    async Task<ArtifactRef> AliasAsync(string alias, string campaign, CancellationToken cancellationToken)
    {
        var suffix = alias == "challenger" ? Aliases.Challenger("") : Aliases.Champion("");
        var campaigns = (await _aliases.ListAsync(cancellationToken)).Where(n => n.EndsWith(suffix, StringComparison.Ordinal)).Select(n => n[..^suffix.Length])
            .Where(c => c.StartsWith(campaign, StringComparison.Ordinal)).ToList();
        var name = campaigns switch
        {
            [var only] => $"{only}{suffix}",
            [] => throw new ArgumentException($"There is no policy@{alias} in the environment '{environment}'{(campaign.Length > 0 ? $" for a campaign {campaign}…" : "")}."),
            _ => throw new ArgumentException(
                $"policy@{alias} is not clear: the environment '{environment}' has the campaigns {string.Join(", ", campaigns)}; expected such as policy@{alias}-{campaigns[0]}."),
        };
        var history = await _aliases.HistoryAsync(name, cancellationToken);
        return (alias, history) switch
        {
            ("previous", [.., var previous, _]) => previous.Artifact,
            ("previous", _) => throw new ArgumentException($"There is no policy@previous in the environment '{environment}': its champion is the first."),
            _ => history[^1].Artifact,
        };
    }

    async Task<ArtifactRef> DigitsAsync(string text, string kind, CancellationToken cancellationToken)
    {
        var found = (await objects.ListAsync($"manifests/{kind}/", cancellationToken)).Where(n => n.StartsWith($"manifests/{text}", StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var only] => ArtifactRef.Parse(only["manifests/".Length..^".json".Length]),
            [] => throw new ArgumentException($"There is no artifact '{text}…' in this store."),
            _ => throw new ArgumentException($"'{text}…' is not clear: {found.Count} artifacts of this store begin so; expected more digits."),
        };
    }

    [GeneratedRegex(@"^[a-z0-9-]+@(latest|[0-9]+)\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"^policy@(?<alias>champion|previous|challenger)(-(?<campaign>[0-9a-f]+))?\z")]
    private static partial Regex Alias();

    [GeneratedRegex(@"^(?<kind>[a-z][a-z0-9-]*)/[0-9a-f]{4,63}\z")]
    private static partial Regex Digits();
}
