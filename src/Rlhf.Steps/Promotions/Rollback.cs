using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Promotions;

/// <summary>Makes an earlier champion the champion again, by one create-only write.</summary>
public static class Rollback
{
    /// <param name="to">Number of the version whose policy comes back; null: the one before the current champion.</param>
    /// <returns>The version that was written and the one that was current.</returns>
    /// <exception cref="ArgumentException">There is no such version, nothing before the current one, or no reason.</exception>
    /// <exception cref="IOException">Another one set the champion at the same time; the message names it.</exception>
    public static async Task<(AliasVersion Now, AliasVersion Before)> ToAsync(
        IObjectStore objects, string environment, string campaign, int? to, string why, string by, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(why)) throw new ArgumentException("A rollback needs a reason; it is empty.");
        var (aliases, name) = (new Aliases(objects, environment), Aliases.Champion(campaign));
        var history = await aliases.HistoryAsync(name, cancellationToken);
        if (history is not [.., var current]) throw new ArgumentException($"The environment '{environment}' has no champion of campaign {campaign}; there is nothing to go back to.");
        var target = to is { } number
            ? history.FirstOrDefault(v => v.Version == number) ?? throw new ArgumentException($"Version {number} is not among the champions of {campaign} in '{environment}', which are 1 to {current.Version}.")
            : Before(history, current) ?? throw new ArgumentException($"The champion of {campaign} in '{environment}' is {current.Artifact.Short}, and there was none before it.");
        if (target.Artifact == current.Artifact) throw new ArgumentException($"Version {target.Version} is {current.Artifact.Short}, which is the champion of {campaign} in '{environment}' already.");
        if (at < current.At - ApprovalRules.ClockTolerance) throw new ArgumentException($"The clock was set back: it is {at:u}, and the current champion was set at {current.At:u}.");
        var next = new AliasVersion(current.Version + 1, target.Artifact, $"rolled back to version {target.Version} by {by}: {why}", at, "") { RollbackTo = target.Version };
        if (await aliases.TryAppendAsync(name, next, cancellationToken)) return (next, current);
        var other = (await aliases.HistoryAsync(name, cancellationToken)).First(v => v.Version == next.Version);
        throw new IOException($"Version {next.Version} of {name} was taken meanwhile: {other.Artifact.Short}, {other.Reason}. Nothing was rolled back.");
    }

    // Behind what a rollback went back to, so that a second one goes further and not forth again.
    static AliasVersion? Before(IReadOnlyList<AliasVersion> history, AliasVersion current)
    {
        for (var version = Standing(current) - 1; version >= 1; version--)
        {
            if (history.FirstOrDefault(v => v.Version == version) is { } earlier && earlier.Artifact != current.Artifact && earlier.RollbackTo is null) return earlier;
        }
        return null;

        static int Standing(AliasVersion version) => version.RollbackTo ?? version.Version;
    }
}
