using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Every change of an instance: interpret an event and store what follows from it, jobs and messages included, in one transaction. Any
/// process may make one; the instance's revision decides between two.
/// </summary>
internal sealed class Transitions(
    WorkflowStore store, DefinitionCache definitions, IReadOnlyList<StepDescription> steps, TimeProvider time, IDriverObserver? observer, Pulse pulse)
{
    /// <summary>How deep instances may dispatch one another.</summary>
    const int MostDepth = 32;

    /// <summary>How many instances may follow from one, directly or not.</summary>
    const int MostDescendants = 10_000;

    readonly Dictionary<string, StepDescription> _steps = steps.ToDictionary(s => s.Name);

    /// <summary>The versions of all steps as they are here, by name.</summary>
    public ImmutableSortedDictionary<string, int> StepVersions { get; } = steps.ToImmutableSortedDictionary(s => s.Name, s => s.Version, StringComparer.Ordinal);

    /// <exception cref="SingletonException">Another instance of this definition is open, and it allows one only.</exception>
    /// <exception cref="InstanceChangedException">An instance of this id is there already.</exception>
    public Task StartAsync(
        WorkflowDefinition definition, InstanceIdentity identity, Started started, CancellationToken cancellationToken, long? consumed = null,
        Func<RuntimeDbContext, CancellationToken, Task>? also = null) =>
        SaveAsync(definition, identity, null, started with { StepVersions = StepVersions }, consumed, null, also, cancellationToken);

    /// <summary>Applies the event that <paramref name="choose"/> finds for the instance as it is; null: there is nothing to do.</summary>
    /// <param name="consumed">The message that is delivered by this; it is removed where there is nothing to do, too.</param>
    /// <param name="job">The job whose answer or failure this is; nothing is done where it is gone or of another epoch.</param>
    /// <returns>False where there was nothing to do.</returns>
    public async Task<bool> ApplyAsync(
        string instance, Func<WorkflowDefinition, WorkflowState, DateTimeOffset, WorkflowEvent?> choose, CancellationToken cancellationToken, long? consumed = null,
        JobKey? job = null)
    {
        while (true)
        {
            var stored = await store.LoadAsync(instance, cancellationToken);
            var definition = definitions.Read(stored);
            if (choose(definition, stored.State, time.GetUtcNow()) is not { } @event)
            {
                if (consumed is { } message) await store.ReplaceAsync(message, [], cancellationToken);
                return false;
            }
            try
            {
                await SaveAsync(definition, stored.Identity with { Singleton = definition.Singleton }, stored.State, @event, consumed, job, null, cancellationToken);
                return true;
            }
            catch (InstanceChangedException)
            {
                // Someone else made a transition, or delivered the message: choose again for what is stored now.
                cancellationToken.ThrowIfCancellationRequested();
                if (consumed is { } message && !await store.HasMessageAsync(message, cancellationToken)) return false;
                if (job is not null && !await store.IsThereAsync(job, cancellationToken)) return false;
            }
        }
    }

    /// <summary>The jobs that a state asks for.</summary>
    public IReadOnlyList<JobRow> JobsOf(WorkflowDefinition definition, WorkflowState state) =>
    [
        .. WorkflowInterpreter.Runnable(definition, state).Select(run => new JobRow
        {
            InstanceId = state.Instance,
            Execution = run.Execution,
            Activity = run.Activity,
            Step = run.Step,
            // Stores of the first version kept no step versions; every step was at 1 then.
            StepVersion = state.StepVersions.GetValueOrDefault(run.Step, 1),
            Queue = _steps[run.Step].Queue,
            Inputs = run.Inputs.ToJsonString(),
            StepState = state.Find(run.Execution).StepState?.ToJsonString(),
            // Unique over all dispatches of this execution, and growing: a transition has at most one, takeovers add one each.
            Epoch = checked(state.Events * 1000),
            Status = JobStatus.Queued,
            QueuedAt = time.GetUtcNow(),
        }),
    ];

    // What a step has done is stored even where the engine is being stopped, so the save itself is not cancellable.
    async Task SaveAsync(
        WorkflowDefinition definition, InstanceIdentity identity, WorkflowState? state, WorkflowEvent @event, long? consumed, JobKey? job,
        Func<RuntimeDbContext, CancellationToken, Task>? also, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var transition = Interpret(definition, state, ref @event);
        while (await FailedDispatchesAsync(transition, identity, cancellationToken) is { Count: > 0 } failed)
        {
            // A child that cannot be is known before the transition is stored, so that its dispatch fails there and then.
            @event = @event with { FailedDispatches = @event.FailedDispatches.AddRange(failed) };
            transition = Interpret(definition, state, ref @event);
        }
        var instance = transition.State.Instance;
        observer?.Saving(instance, transition);
        await store.SaveAsync(
            new(identity, transition, @event)
            {
                Jobs = JobsOf(definition, transition.State),
                Messages = [.. transition.Commands.Select(c => MessageOf(c, identity, transition.State, @event.At)).OfType<MessageRow>()],
                Consumed = consumed,
                Job = job,
                Also = also,
            }, CancellationToken.None);
        observer?.Saved(instance, transition);
        foreach (var line in transition.Commands.OfType<WorkflowCommand.WriteLine>()) observer?.Line(instance, line.Text);
        pulse.Fire();
    }

    async Task<IReadOnlyDictionary<string, string>> FailedDispatchesAsync(Transition transition, InstanceIdentity identity, CancellationToken cancellationToken)
    {
        var failed = new Dictionary<string, string>();
        foreach (var start in transition.Commands.OfType<WorkflowCommand.StartChild>())
        {
            if (identity.Depth >= MostDepth)
                failed[start.Execution] = $"instances dispatch one another more than {MostDepth} deep; does '{start.DefinitionId}' dispatch itself?";
            else if (identity.Root is { } root && await store.DescendantsAsync(root, cancellationToken) >= MostDescendants)
                failed[start.Execution] = $"instance {root} has led to {MostDescendants} others; does '{start.DefinitionId}' dispatch itself?";
            else if (await store.FindPublishedAsync(start.DefinitionId, cancellationToken) is null)
                failed[start.Execution] = $"there is no published workflow '{start.DefinitionId}' in this store";
        }
        return failed;
    }

    static Transition Interpret(WorkflowDefinition definition, WorkflowState? state, ref WorkflowEvent @event)
    {
        while (true)
        {
            try
            {
                return WorkflowInterpreter.Apply(definition, state, @event);
            }
            catch (ScriptStoppedException e)
            {
                // The clock decided, so it becomes part of what happened; applied again, the event has the same result everywhere.
                @event = @event with { StoppedScripts = @event.StoppedScripts.Add(e.Execution) };
            }
        }
    }

    static MessageRow? MessageOf(WorkflowCommand command, InstanceIdentity identity, WorkflowState state, DateTimeOffset at) => command switch
    {
        WorkflowCommand.StartChild start => Messages.Of(
            MessageKind.StartChild, start.Child, new ChildStart(state.Instance, start.Execution, start.DefinitionId, start.Inputs, start.Wait), at),
        WorkflowCommand.PublishEvent published => Messages.Of(
            MessageKind.Event, published.Local ? state.Instance : null, new EventMessage(published.Name, published.Payload, Kept: false), at),
        WorkflowCommand.CancelChild cancel => Messages.Of(MessageKind.CancelChild, cancel.Child, new JsonObject(), at),
        WorkflowCommand.Finish when identity is { Parent: { } parent, ParentExecution: { } execution } =>
            Messages.Of(MessageKind.ChildEnded, parent, Messages.EndOf(state, execution), at),
        _ => null,
    };
}

/// <summary>What a message says, by its kind.</summary>
internal static class Messages
{
    public static MessageRow Of<T>(MessageKind kind, string? instance, T content, DateTimeOffset at) =>
        new() { Kind = kind, InstanceId = instance, Json = StoredJson.ToText(content), At = at };

    public static T Read<T>(MessageRow message) => StoredJson.Parse<T>(message.Json, $"Message {message.Id}");

    public static ChildEnd EndOf(WorkflowState child, string execution) => new(
        execution, child.Instance, child.Status, new(child.Outputs.Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone()))),
        child.Incidents is [.., var last] ? $"'{last.Activity}': {last.Reason}" : null);
}

/// <summary>An event by name; kept: it is for one instance and stays until that instance waits for it or has ended.</summary>
internal sealed record EventMessage(string Name, JsonNode? Payload, bool Kept);

internal sealed record ChildStart(string Parent, string Execution, string DefinitionId, JsonObject Inputs, bool Wait);

internal sealed record ChildEnd(string Execution, string Child, WorkflowStatus Status, JsonObject Outputs, string? Reason);

/// <summary>A start by an event that a published definition has as its trigger.</summary>
internal sealed record TriggeredStart(string DefinitionId, string ActivityId, JsonNode? Payload);
