using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Driver;

/// <content>Messages: events, children that begin and end.</content>
internal sealed partial class WorkflowDriver
{
    /// <summary>As in Elsa: an event that nobody waits for yet is kept for a minute.</summary>
    static readonly TimeSpan EventLife = TimeSpan.FromMinutes(1);

    /// <summary>Events that nobody waits for yet, and since when they are known here.</summary>
    readonly Dictionary<long, long> _unclaimed = [];

    async Task<bool> DeliverAsync(CancellationToken cancellationToken)
    {
        var (any, last) = (false, 0L);
        while (await store.MessagesAsync(last, cancellationToken) is [.., var newest] page)
        {
            foreach (var message in page)
                await GuardAsync($"Message {message.Id} ({message.Kind})", async () => any |= await DeliverAsync(message, cancellationToken));
            last = newest.Id;
        }
        return any;
    }

    async Task<bool> DeliverAsync(MessageRow message, CancellationToken cancellationToken) => message.Kind switch
    {
        MessageKind.Event when message.InstanceId is null => await SpreadAsync(message, cancellationToken),
        MessageKind.Event => await DeliverEventAsync(message, cancellationToken),
        MessageKind.Start => await StartTriggeredAsync(message, cancellationToken),
        MessageKind.StartChild => await StartChildAsync(message, cancellationToken),
        MessageKind.ChildEnded => await EndChildAsync(message, cancellationToken),
        MessageKind.CancelChild => await CancelChildAsync(message, cancellationToken),
        _ => throw new NotSupportedException(message.Kind.ToString()),
    };

    // In one transaction an event becomes one message for each that waits and each trigger, so that a kill in between loses and doubles none.
    async Task<bool> SpreadAsync(MessageRow message, CancellationToken cancellationToken)
    {
        var content = Messages.Read<EventMessage>(message);
        var waiters = (await store.WaitersAsync(content.Name, cancellationToken)).Select(i => Messages.Of(MessageKind.Event, i, content, message.At));
        var starts = (await store.EventTriggersAsync(content.Name, cancellationToken))
            .Select(t => Messages.Of(MessageKind.Start, null, new TriggeredStart(t.DefinitionId, t.ActivityId, content.Payload), message.At));
        List<MessageRow> parts = [.. waiters, .. starts];
        // Measured from when it was first seen here, so that the sender's clock does not matter.
        if (parts.Count == 0 && _unclaimed.TryAdd(message.Id, time.GetTimestamp())) return false;
        if (parts.Count == 0 && time.GetElapsedTime(_unclaimed[message.Id]) < EventLife) return false;
        _unclaimed.Remove(message.Id);
        return await store.ReplaceAsync(message.Id, parts, cancellationToken);
    }

    async Task<bool> DeliverEventAsync(MessageRow message, CancellationToken cancellationToken)
    {
        var content = Messages.Read<EventMessage>(message);
        if (content.Kept && !(await store.WaitersAsync(content.Name, cancellationToken)).Contains(message.InstanceId)
            && await store.StatusAsync(message.InstanceId!, cancellationToken) is not (WorkflowStatus.Finished or WorkflowStatus.Cancelled)) return false;
        return await ApplyAsync(message.InstanceId!, (_, state, now) =>
            !state.Ended && state.WaitsFor(content.Name) ? new EventReceived(now, content.Name, content.Payload?.DeepClone()) : null,
            cancellationToken, message.Id);
    }

    async Task<bool> StartTriggeredAsync(MessageRow message, CancellationToken cancellationToken)
    {
        var content = Messages.Read<TriggeredStart>(message);
        try
        {
            var (definition, version) = await PublishedAsync(content.DefinitionId, cancellationToken);
            var inputs = await ResolvedInputs.BindAsync(definition, [], options.ResolveInput, cancellationToken);
            var started = new Started(time.GetUtcNow(), InstanceIds.New(time), inputs, content.ActivityId) { Triggered = true, Payload = content.Payload };
            await transitions.StartAsync(definition, new(content.DefinitionId, version, definition.Singleton), started, cancellationToken, message.Id);
            return true;
        }
        catch (Exception e) when (IsRefused(e))
        {
            observer?.Trouble($"An event started no instance of '{content.DefinitionId}': {e.Message}");
            return await store.ReplaceAsync(message.Id, [], cancellationToken);
        }
    }

    async Task<bool> StartChildAsync(MessageRow message, CancellationToken cancellationToken)
    {
        var (start, child) = (Messages.Read<ChildStart>(message), message.InstanceId!);
        if (await store.HasInstanceAsync(child, cancellationToken)) return await AdoptAsync(message, start, child, cancellationToken);
        try
        {
            var parent = (await store.LoadAsync(start.Parent, cancellationToken)).Identity;
            var (definition, version) = await PublishedAsync(start.DefinitionId, cancellationToken);
            var identity = new InstanceIdentity(start.DefinitionId, version, definition.Singleton)
            {
                Parent = start.Parent,
                ParentExecution = start.Wait ? start.Execution : null,
                Root = parent.Root ?? start.Parent,
                Depth = parent.Depth + 1,
                StartedBy = parent.StartedBy,
            };
            var started = new Started(time.GetUtcNow(), child, await ResolvedInputs.BindAsync(definition, start.Inputs, options.ResolveInput, cancellationToken));
            await transitions.StartAsync(definition, identity, started, cancellationToken, message.Id);
            return true;
        }
        catch (InstanceChangedException)
        {
            return true; // It was started meanwhile; the message is looked at again.
        }
        catch (Exception e) when (IsRefused(e))
        {
            if (!start.Wait) observer?.Trouble($"Instance {start.Parent} could not dispatch '{start.DefinitionId}': {e.Message}");
            return await ApplyAsync(start.Parent, (_, state, now) =>
                IsWaitedFor(state, start.Execution, child) ? new DispatchFailed(now, start.Execution, e.Message) : null, cancellationToken, message.Id);
        }
    }

    // A dispatch that is tried again finds its child: one that failed is tried again, one that has ended is asked for its outputs.
    async Task<bool> AdoptAsync(MessageRow message, ChildStart start, string child, CancellationToken cancellationToken)
    {
        var state = (await store.LoadAsync(child, cancellationToken)).State;
        if (state.Status == WorkflowStatus.Faulted)
            return await RetryChildAsync(message, start, child, cancellationToken);
        IEnumerable<MessageRow> reply = state.Ended && start.Wait
            ? [Messages.Of(MessageKind.ChildEnded, start.Parent, Messages.EndOf(state, start.Execution), time.GetUtcNow())] : [];
        return await store.ReplaceAsync(message.Id, reply, cancellationToken);
    }

    async Task<bool> RetryChildAsync(MessageRow message, ChildStart start, string child, CancellationToken cancellationToken)
    {
        try
        {
            return await transitions.ApplyAsync(child, (_, s, now) => s.Status == WorkflowStatus.Faulted ? new Retried(now) : null, cancellationToken, message.Id);
        }
        catch (Exception e) when (IsRefused(e))
        {
            return await ApplyAsync(start.Parent, (_, state, now) =>
                IsWaitedFor(state, start.Execution, child) ? new DispatchFailed(now, start.Execution, e.Message) : null, cancellationToken, message.Id);
        }
    }

    Task<bool> EndChildAsync(MessageRow message, CancellationToken cancellationToken)
    {
        var end = Messages.Read<ChildEnd>(message);
        return ApplyAsync(message.InstanceId!, (_, state, now) =>
            IsWaitedFor(state, end.Execution, end.Child)
                ? new ChildEnded(now, end.Execution, end.Child, end.Status, end.Outputs) { Reason = end.Reason } : null, cancellationToken, message.Id);
    }

    // Where the child never came to be, there is nothing to cancel.
    async Task<bool> CancelChildAsync(MessageRow message, CancellationToken cancellationToken) =>
        await store.HasInstanceAsync(message.InstanceId!, cancellationToken)
            ? await ApplyAsync(message.InstanceId!, (_, state, now) => state.Ended ? null : new Cancelled(now), cancellationToken, message.Id)
            : await store.ReplaceAsync(message.Id, [], cancellationToken);

    async Task<(WorkflowDefinition Definition, int Version)> PublishedAsync(string definitionId, CancellationToken cancellationToken)
    {
        var stored = await store.FindPublishedAsync(definitionId, cancellationToken)
            ?? throw new ArgumentException($"there is no published workflow '{definitionId}' in this store");
        return (definitions.Read(stored.DefinitionId, stored.Version, stored.Json, stored.Source), stored.Version);
    }

    /// <summary>What was asked for cannot be, whoever asks again.</summary>
    static bool IsRefused(Exception e) => e is ArgumentException or InvalidDataException or SingletonException or UnauthorizedAccessException or FileNotFoundException;

    static bool IsWaitedFor(WorkflowState state, string execution, string child) =>
        !state.Ended && state.Waits.Any(w => w.Id == execution && w.Child == child);
}
