using System.Runtime.CompilerServices;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Instances;

/// <summary>Finds instances, shows each in full, follows them, and removes those that have ended.</summary>
public sealed class InstanceLibrary
{
    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    readonly WorkflowStore _store;
    readonly DefinitionCache _definitions;
    readonly Pulse _pulse;

    internal InstanceLibrary(WorkflowStore store, DefinitionCache definitions, Pulse pulse) => (_store, _definitions, _pulse) = (store, definitions, pulse);

    public Task<InstancePage> SearchAsync(InstanceSearch search, CancellationToken cancellationToken) => _store.SearchAsync(search, cancellationToken);

    /// <summary>The instance in full, or null where this store does not know it.</summary>
    public async Task<InstanceRecord?> FindAsync(string instance, CancellationToken cancellationToken)
    {
        if (!await _store.HasInstanceAsync(instance, cancellationToken)) return null;
        var stored = await _store.LoadAsync(instance, cancellationToken);
        var (identity, state) = (stored.Identity, stored.State);
        var summary = new InstanceSummary(
            instance, identity.DefinitionId, identity.Version, state.Status, stored.CreatedAt, stored.UpdatedAt, state.Incidents is [.., var last] ? last : null)
        {
            Parent = identity.Parent,
            StartedBy = identity.StartedBy,
            CorrelationId = identity.CorrelationId,
            Name = identity.Name,
        };
        var steps = (await _store.JobsAsync(null, cancellationToken, instance)).Select(Follower.ProgressOf).ToList();
        // What happened after the state was read is not part of it.
        var log = (await _store.LogAsync(instance, 0, cancellationToken)).Where(l => l.Sequence <= state.Logged).ToList();
        return new(summary, _definitions.Read(stored), state, log, steps);
    }

    /// <summary>What changes with the instance, or null where there is none of this id.</summary>
    public Task<InstanceStamp?> StampAsync(string instance, CancellationToken cancellationToken) => _store.StampAsync(instance, cancellationToken);

    /// <summary>The stamp of an instance as it is now and after every change, until it is deleted; changes that come close together are one.</summary>
    public async IAsyncEnumerable<InstanceStamp> FollowAsync(string instance, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        InstanceStamp? last = null;
        while (true)
        {
            var stored = _pulse.Next;
            if (await StampAsync(instance, cancellationToken) is not { } stamp) yield break;
            if (stamp != last) yield return stamp;
            last = stamp;
            await Pulse.WaitAsync(stored, Look, cancellationToken);
        }
    }

    /// <summary>Removes an instance with its log, where it has ended and nothing that it dispatched is still open.</summary>
    public Task<Deletion> DeleteAsync(string instance, CancellationToken cancellationToken) => _store.DeleteAsync(instance, cancellationToken);
}
