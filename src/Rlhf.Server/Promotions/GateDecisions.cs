using System.Collections.Concurrent;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Promotions;

/// <summary>A decision of the gate in a list.</summary>
/// <param name="Outcome">Such as <c>Promote</c>.</param>
public sealed record DecidedChallenger(ArtifactRef Decision, ArtifactRef Champion, ArtifactRef Challenger, string Outcome, DateTimeOffset At);

/// <summary>The gate's decisions of a store, from its step records; a record never changes and is read once.</summary>
sealed class GateDecisions
{
    readonly ConcurrentDictionary<string, DecidedChallenger?> _known = new(StringComparer.Ordinal);

    /// <summary>The newest first; a decision that several instances came to stands there once.</summary>
    public async Task<IReadOnlyList<DecidedChallenger>> NewestAsync(IObjectStore objects, int count, CancellationToken cancellationToken)
    {
        foreach (var name in await objects.ListAsync("records/", cancellationToken))
        {
            if (!_known.ContainsKey(name) && await objects.ReadAsync(name, cancellationToken) is { } bytes) _known[name] = Of(CanonicalJson.Deserialize<StepRecord>(bytes, name));
        }
        return [.. _known.Values.OfType<DecidedChallenger>().OrderByDescending(d => d.At).DistinctBy(d => d.Decision).Take(count)];
    }

    static DecidedChallenger? Of(StepRecord record) => record.Step != nameof(DecideGate) ? null : new(
        ArtifactRef.Parse($"{record.Outputs["decision"]}"), ArtifactRef.Parse($"{record.Inputs["champion"]}"), ArtifactRef.Parse($"{record.Inputs["challenger"]}"), record.Outcome, record.FinishedAt);
}
