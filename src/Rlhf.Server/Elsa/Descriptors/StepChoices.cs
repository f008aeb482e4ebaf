using System.Text.RegularExpressions;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Elsa.Descriptors;

/// <summary>
/// What the fields of steps may be chosen from at a moment: artifacts that have names, the newest first, and presets. What people call a field says which kind of
/// artifact it is for; a name of no kind is offered them all.
/// </summary>
sealed partial class StepChoices
{
    /// <summary>Versions of one name that are offered.</summary>
    const int Newest = 10;

    // What policies are called in the places they have in a round.
    static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["champion"] = "policy",
        ["challenger"] = "policy",
        ["reference"] = "policy",
        ["opponent"] = "policy",
        ["texts"] = "text",
    };

    readonly List<(NameVersion Version, string Name)> _named = [];
    readonly IReadOnlyList<ListChoice>? _presets;

    StepChoices(IReadOnlyList<ListChoice>? presets) => _presets = presets;

    public static async Task<StepChoices> ReadAsync(Site site, CancellationToken cancellationToken)
    {
        var found = new StepChoices(site.Options.Presets is null ? null : [.. (await site.Options.Presets(cancellationToken)).Select(p => new ListChoice(p.Name, $"{p.Artifact}"))]);
        var names = new Names(site.Runtime.Objects, site.Time);
        foreach (var name in await names.ListAsync(cancellationToken))
            found._named.AddRange((await names.NewestAsync(name, Newest, cancellationToken)).Select(v => (v, name)));
        return found;
    }

    /// <summary>Null for a field that is written by hand.</summary>
    public IReadOnlyList<ListChoice>? For(StepDescription step, StepField field)
    {
        if (field.Name == StepDescription.Preset) return _presets;
        if (!field.IsArtifact) return null;
        var kind = KindOf(field.Name, [.. _named.Select(n => n.Version.Artifact.Kind).Distinct()]);
        var of = _named.Where(n => kind is null || n.Version.Artifact.Kind == kind).OrderByDescending(n => n.Version.At).ToList();
        return of.Count == 0 ? null
            : [.. of.Select(n => new ListChoice($"{n.Name}@{n.Version.Version} ({n.Version.Artifact.Short}, {n.Version.At:yyyy-MM-dd HH:mm})", $"{n.Version.Artifact}"))];
    }

    /// <summary><c>safetyRewardModel</c> is for a <c>reward-model</c>; null where the name says no kind.</summary>
    static string? KindOf(string field, IReadOnlyList<string> kinds)
    {
        if (Kinds.GetValueOrDefault(field) is { } kind) return kind;
        var words = Capital().Replace(field, m => $"-{m.Value.ToLowerInvariant()}");
        return kinds.Where(k => words == k || words.EndsWith($"-{k}", StringComparison.Ordinal)).MaxBy(k => k.Length);
    }

    [GeneratedRegex("(?<=[a-z0-9])[A-Z]")]
    private static partial Regex Capital();
}
