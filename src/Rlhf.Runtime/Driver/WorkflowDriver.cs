using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Expressions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Takes instances on: interpret an event, store the transition, run the step it asks for, and so on with the step's answer. Steps run in
/// this process, one at a time. What was running when a process died is dispatched again under the same execution id.
/// </summary>
internal sealed class WorkflowDriver(
    WorkflowStore store, DefinitionReader reader, StepRunner runner, TimeProvider time, IDriverObserver? observer) : IDisposable
{
    static readonly TimeSpan LongestNap = TimeSpan.FromDays(1);

    readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new();
    readonly SemaphoreSlim _slot = new(1);

    sealed record Loaded(WorkflowDefinition Definition, int Version, WorkflowState State);

    public async Task<string> StartAsync(WorkflowDefinition definition, int version, JsonObject inputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now).ToString("N");
        await SaveAsync(definition, version, null, new Started(now, id, inputs));
        return id;
    }

    /// <summary>Runs an instance until it has ended or faulted. Cancelled, it leaves the instance as its last transition did.</summary>
    public async Task<InstanceResult> RunAsync(string instance, IStepObserver? steps, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!_running.TryAdd(instance, stop)) throw new ArgumentException($"Instance {instance} is being run by this process already.");
        try
        {
            var current = await LoadAsync(instance, cancellationToken);
            while (current.State.Status is WorkflowStatus.Running or WorkflowStatus.Suspended)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    current = await AdvanceAsync(current, steps, stop.Token);
                }
                catch (Exception e) when (e is InstanceChangedException
                    || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
                {
                    // Someone else made a transition, such as Cancelled: go on from what is stored.
                    current = await LoadAsync(instance, cancellationToken);
                }
            }
            return ResultOf(current.State);
        }
        finally
        {
            _running.TryRemove(instance, out _);
        }
    }

    /// <summary>Makes exactly what failed runnable again.</summary>
    public Task RetryAsync(string instance, CancellationToken cancellationToken) =>
        CommandAsync(instance, now => new Retried(now), cancellationToken);

    /// <summary>Ends an instance; a step of it that runs in this process is stopped.</summary>
    public async Task CancelAsync(string instance, CancellationToken cancellationToken)
    {
        await CommandAsync(instance, now => new Cancelled(now), cancellationToken);
        if (_running.TryGetValue(instance, out var stop)) await stop.CancelAsync();
    }

    public void Dispose() => _slot.Dispose();

    public static InstanceResult ResultOf(WorkflowState state) => new(
        state.Instance, state.Status,
        new(state.Outputs.Select(o => KeyValuePair.Create(o.Key, o.Value?.DeepClone()))),
        state.Incidents is [.., var last] ? last : null);

    /// <summary>
    /// The next thing to do for an open instance: wake a step whose time has come, run one, or sleep until there is one to wake.
    /// </summary>
    async Task<Loaded> AdvanceAsync(Loaded current, IStepObserver? steps, CancellationToken cancellationToken)
    {
        var waiting = current.State.OpenSteps.Where(e => e.WakeAt is not null).MinBy(e => e.WakeAt);
        var now = time.GetUtcNow();
        if (waiting?.WakeAt <= now) return await SaveAsync(current, new StepResumed(now, waiting.Id));
        if (WorkflowInterpreter.Runnable(current.Definition, current.State).FirstOrDefault() is { } step)
            return await SaveAsync(current, await DispatchAsync(current.State, step, steps, cancellationToken));

        // Rounded up: a delay is whole milliseconds, and waking a little early would only spin.
        var nap = TimeSpan.FromMilliseconds(Math.Ceiling((waiting!.WakeAt!.Value - now).TotalMilliseconds));
        await Task.Delay(nap > LongestNap ? LongestNap : nap, time, cancellationToken);
        return current;
    }

    async Task<WorkflowEvent> DispatchAsync(
        WorkflowState state, WorkflowCommand.RunStep step, IStepObserver? steps, CancellationToken cancellationToken)
    {
        await _slot.WaitAsync(cancellationToken);
        try
        {
            observer?.Dispatching(state.Instance, step);
            var started = time.GetTimestamp();
            var execution = new StepExecution(state.Instance, step.Execution, state.Find(step.Execution).StepState?.DeepClone().AsObject());
            var answer = await AnswerAsync(step, execution, steps, cancellationToken);
            var (now, seconds) = (time.GetUtcNow(), time.GetElapsedTime(started).TotalSeconds);
            return answer switch
            {
                StepResult.Completed done => new StepCompleted(now, step.Execution, done.Outputs, done.Outcome, done.Cached, seconds),
                StepResult.Waiting wait => new StepWaiting(now, step.Execution, wait.State, wait.Deadline, wait.Reason, [.. wait.Events], seconds),
                StepResult.Failed failed => new StepFailed(now, step.Execution, failed.Reason, failed.Transient, seconds),
                _ => throw new NotSupportedException(answer.GetType().Name),
            };
        }
        finally
        {
            _slot.Release();
        }
    }

    async Task<StepResult> AnswerAsync(
        WorkflowCommand.RunStep step, StepExecution execution, IStepObserver? steps, CancellationToken cancellationToken)
    {
        try
        {
            // On a thread of its own: a step computes for minutes before its first await.
            return await Task.Run(
                () => runner.RunAsync(step.Step, step.Inputs.DeepClone().AsObject(), execution, steps, cancellationToken), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            // What the runner does not turn into an answer is a fault of the program: the instance keeps it as its reason instead of
            // crashing at every resume.
            return new StepResult.Failed($"{e.GetType().Name}: {e.Message}", Transient: e is OperationCanceledException);
        }
    }

    async Task CommandAsync(string instance, Func<DateTimeOffset, WorkflowEvent> @event, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await SaveAsync(await LoadAsync(instance, cancellationToken), @event(time.GetUtcNow()));
                return;
            }
            catch (InstanceChangedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    async Task<Loaded> LoadAsync(string instance, CancellationToken cancellationToken)
    {
        var stored = await store.LoadAsync(instance, cancellationToken);
        return new(reader.Read(stored.DefinitionJson, stored.Source), stored.DefinitionVersion, stored.State);
    }

    Task<Loaded> SaveAsync(Loaded current, WorkflowEvent @event) => SaveAsync(current.Definition, current.Version, current.State, @event);

    // Not cancellable: what a step has done is stored even where the run is being stopped.
    async Task<Loaded> SaveAsync(WorkflowDefinition definition, int version, WorkflowState? state, WorkflowEvent @event)
    {
        var transition = Interpret(definition, state, ref @event);
        var instance = transition.State.Instance;
        observer?.Saving(instance, transition);
        await store.SaveAsync(definition.DefinitionId, version, transition, @event, CancellationToken.None);
        observer?.Saved(instance, transition);
        foreach (var line in transition.Commands.OfType<WorkflowCommand.WriteLine>()) observer?.Line(instance, line.Text);
        return new(definition, version, transition.State);
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
}
