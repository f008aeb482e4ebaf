using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rounds;

/// <summary>The names by which a round hands what it made to the next one.</summary>
sealed class HandOver(StepContext context, int round)
{
    /// <summary>Preference pairs and reward model of an axis.</summary>
    public async Task KeepAsync(string campaign, string axis, ArtifactRef preferences, ArtifactRef rewardModel, CancellationToken cancellationToken)
    {
        await KeepAsync(Aliases.Preferences(campaign, axis), preferences, cancellationToken);
        await KeepAsync(Aliases.RewardModel(campaign, axis), rewardModel, cancellationToken);
    }

    /// <summary>The round's version of the name; a replay or a second attempt finds it written.</summary>
    /// <exception cref="IOException">Another round took the version.</exception>
    public async Task KeepAsync(string name, ArtifactRef artifact, CancellationToken cancellationToken)
    {
        var history = await context.Aliases.HistoryAsync(name, cancellationToken);
        if (history.Any(v => v.Artifact == artifact)) return;
        var version = new AliasVersion(
            history is [.., var newest] ? newest.Version + 1 : 1, artifact, $"round {round}", context.Time.GetUtcNow(), context.Execution.Instance);
        if (!await context.Aliases.TryAppendAsync(name, version, cancellationToken))
            throw new IOException($"Version {version.Version} of {name} was taken by another round that ended at the same time.");
    }
}
