using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Jobs;

/// <summary>
/// Runs steps for a store: claims a job, runs its step while telling the store that it lives, and commits the answer if the job is still
/// its own. Cut off from the store it works on; whether the answer still counts is asked when it has one.
/// </summary>
internal sealed class StepWorker(
    WorkflowStore store, StepRunner runner, RuntimeOptions options, TimeProvider time, Pulse pulse, IDriverObserver? observer, bool embedded) : IDisposable
{
    static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    readonly Dictionary<string, int> _versions = runner.Steps.ToDictionary(s => s.Name, s => s.Version);
    readonly CancellationTokenSource _drain = new();
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<JobKey, Task> _running = new();

    /// <summary>Who this is: machine, process and a number of its own, so that a process id used again is somebody else.</summary>
    public string Name { get; } = $"{(embedded ? Embedded : "worker")} {Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid().ToString("N")[..6]}";

    const string Embedded = "engine";

    /// <summary>True for a worker inside a driver's process: it is dead when its driver is.</summary>
    public static bool IsEmbedded(string? owner) => owner?.StartsWith(Embedded, StringComparison.Ordinal) == true;

    /// <summary>Ends when an observer threw; the engine stops then, as if it had crashed.</summary>
    public TaskCompletionSource Crash { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs one job to its end; returns false where this worker cannot run it, because it is being drained, or the step is unknown or of another version here.</summary>
    public async Task<bool> RunAsync(JobKey key)
    {
        var done = new TaskCompletionSource();
        _running[key] = done.Task;
        try
        {
            if (_drain.IsCancellationRequested) return false; // What is not claimed is for another worker.
            return await ClaimAndRunAsync(key);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception e)
        {
            Crash.TrySetException(e);
            return true;
        }
        finally
        {
            _running.TryRemove(key, out _);
            done.SetResult();
        }
    }

    /// <summary>Stops: steps may reach their next checkpoint, for as long as said; what is not done goes back to the queue.</summary>
    public async Task DrainAsync(TimeSpan longest)
    {
        await _drain.CancelAsync();
        var all = Task.WhenAll(_running.Values);
        if (await Task.WhenAny(all, Task.Delay(longest)) == all) return;
        await _stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_running.Values), Task.Delay(TimeSpan.FromSeconds(5)));
    }

    public void Dispose()
    {
        _drain.Dispose();
        _stop.Dispose();
    }

    async Task<bool> ClaimAndRunAsync(JobKey key)
    {
        var queued = (await InsistAsync(() => store.JobsAsync(JobStatus.Queued, _stop.Token, key.Instance)))
            .FirstOrDefault(j => j.Execution == key.Execution && j.Epoch == key.Epoch);
        if (queued is null) return true;
        if (_versions.GetValueOrDefault(queued.Step) != queued.StepVersion) return false;
        var origin = await InsistAsync(() => store.OriginOfAsync(key.Instance, _stop.Token));
        if (await InsistAsync(() => store.ClaimAsync(key, Name, time.GetUtcNow(), _stop.Token)) is not { } job) return true;

        observer?.Dispatching(key.Instance, key.Execution);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var finished = new CancellationTokenSource();
        var report = new JobProgressReport();
        var beats = BeatAsync(key, report, lost, finished.Token);
        var answer = await AnswerAsync(job, origin, report, lost.Token);
        await finished.CancelAsync();
        var isMine = await beats;
        // Drained: it goes back to the queue. What is no longer this worker's is left to whose it is.
        var counts = isMine && (answer is null
            ? await InsistAsync(() => store.RequeueAsync(key, beat: null, CancellationToken.None))
            : await CommitAsync(key, answer));
        if (!counts)
            observer?.Trouble($"{key.Execution} of instance {key.Instance}: the step was taken over or cancelled while this worker had it; no answer of it was stored.");
        pulse.Fire();
        return true;
    }

    /// <summary>Refused, and false, where another worker or nobody has the step by now.</summary>
    Task<bool> CommitAsync(JobKey key, WorkflowEvent answer)
    {
        observer?.Answering(key.Instance, key.Execution);
        return InsistAsync(() => store.AnswerAsync(key, answer.ToText(), CancellationToken.None));
    }

    /// <summary>Null where the step was stopped before it had an answer.</summary>
    async Task<WorkflowEvent?> AnswerAsync(JobRow job, (string Workflow, string? StartedBy) origin, JobProgressReport report, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var state = job.StepState is null ? null : JsonNode.Parse(job.StepState)!.AsObject();
        var execution = new StepExecution(job.InstanceId, job.Execution, state) { Epoch = job.Epoch, Workflow = origin.Workflow, StartedBy = origin.StartedBy };
        StepResult result;
        try
        {
            // On a thread of its own: a step computes for minutes before its first await.
            result = await Task.Run(
                () => runner.RunAsync(job.Step, JsonNode.Parse(job.Inputs)!.AsObject(), execution, report, cancellationToken, _drain.Token), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || _drain.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            // What the runner does not turn into an answer is a fault of the program: the instance keeps it as its reason instead of
            // crashing at every resume.
            result = new StepResult.Failed($"{e.GetType().Name}: {e.Message}", Transient: e is OperationCanceledException);
        }
        var (now, seconds) = (time.GetUtcNow(), time.GetElapsedTime(started).TotalSeconds);
        return result switch
        {
            StepResult.Completed done => new StepCompleted(now, job.Execution, done.Outputs, done.Outcome, done.Cached, seconds) { Notices = report.Latest().Notices },
            StepResult.Waiting wait => new StepWaiting(now, job.Execution, wait.State, wait.Deadline, wait.Reason, [.. wait.Events], seconds),
            StepResult.Failed failed => new StepFailed(now, job.Execution, failed.Reason, failed.Transient, seconds) { State = failed.State },
            _ => throw new NotSupportedException(result.GetType().Name),
        };
    }

    /// <summary>Returns false as soon as the store says that the job is no longer this worker's.</summary>
    async Task<bool> BeatAsync(JobKey key, JobProgressReport report, CancellationTokenSource lost, CancellationToken finished)
    {
        var quiet = 0;
        while (true)
        {
            var stored = pulse.Next;
            await WaitAsync(stored, finished);
            if (finished.IsCancellationRequested) return true;
            try
            {
                // A write each time there is something to tell, and often enough to be seen alive; otherwise only a look.
                var change = report.TakeChange();
                quiet = change is null ? quiet + 1 : 0;
                var beat = change is not null || quiet * options.Heartbeat >= options.Lease / 6;
                if (beat) quiet = 0;
                if (beat ? await store.BeatAsync(key, change ?? report.Latest(), CancellationToken.None) : await store.IsMineAsync(key, CancellationToken.None)) continue;
                await lost.CancelAsync();
                return false;
            }
            catch (Exception e) when (Database.IsUnreachable(e) || e is System.Data.Common.DbException)
            {
                // Cut off: work on, the answer will find out whether the job is still ours.
            }
        }

        async Task WaitAsync(Task pulsed, CancellationToken cancellationToken)
        {
            try
            {
                await Pulse.WaitAsync(pulsed, options.Heartbeat, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // The step is done.
            }
        }
    }

    // The way to the database may be cut for a while; neither a job that was brought nor what a step has done must be lost for that.
    async Task<T> InsistAsync<T>(Func<Task<T>> action)
    {
        while (true)
        {
            try
            {
                return await action();
            }
            catch (Exception e) when (Database.IsUnreachable(e) && !_stop.IsCancellationRequested)
            {
                await Task.Delay(RetryPause);
            }
        }
    }
}
