using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// Moves every instance of a store as far as it goes: delivers messages, takes the answers of steps, wakes what is due, fires schedules, and
/// hands jobs to the carrier. One of them at a time; it keeps nothing that a next one needs.
/// </summary>
internal sealed partial class WorkflowDriver(
    WorkflowStore store, Transitions transitions, DefinitionCache definitions, IJobCarrier carrier, IScheduler scheduler, RuntimeOptions options,
    TimeProvider time, IDriverObserver? observer)
{
    /// <summary>After this many workers died in one dispatch of a step that got no further, the step itself is taken for the cause.</summary>
    const int MostLost = 5;

    /// <summary>A job that the carrier lost is carried again after this; one that only waits for a free worker is then there twice, which does no harm.</summary>
    static readonly TimeSpan CarryAgain = TimeSpan.FromMinutes(5);

    readonly Dictionary<JobKey, long> _carried = [];
    readonly Dictionary<JobKey, (int Beat, long Seen)> _beats = [];
    readonly HashSet<string> _troubled = [];

    /// <summary>Before the first tick: jobs for what an earlier version of the product left running, and the jobs of the dead.</summary>
    /// <param name="othersAreDead">True where no other process can be at work on a job that an engine of this machine took.</param>
    public async Task RecoverAsync(bool othersAreDead, CancellationToken cancellationToken)
    {
        foreach (var instance in await store.RunningWithoutJobsAsync(cancellationToken))
        {
            await GuardAsync(instance, async () =>
            {
                var stored = await store.LoadAsync(instance, cancellationToken);
                await store.AddMissingJobsAsync(instance, transitions.JobsOf(definitions.Read(stored), stored.State), cancellationToken);
            });
        }
        if (!othersAreDead) return;
        foreach (var job in (await store.JobsAsync(JobStatus.Running, cancellationToken)).Where(j => StepWorker.IsEmbedded(j.Owner)))
            await store.RequeueAsync(KeyOf(job), beat: job.Beat, cancellationToken);
    }

    /// <summary>Does everything that can be done now, and returns the time of what comes next by itself, if anything.</summary>
    public async Task<DateTimeOffset?> TickAsync(CancellationToken cancellationToken)
    {
        bool any;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            any = await DeliverAsync(cancellationToken) | await TakeAnswersAsync(cancellationToken) | await WakeAsync(cancellationToken)
                | await scheduler.FireAsync(cancellationToken);
            // In every turn: instances that never come to rest must not keep jobs from their workers.
            await TakeOverAsync(cancellationToken);
            await CarryAsync(cancellationToken);
        }
        while (any);
        DateTimeOffset?[] due = [await store.NextDueAsync(cancellationToken), await scheduler.NextDueAsync(cancellationToken)];
        return due.Min();
    }

    async Task<bool> TakeAnswersAsync(CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var job in await store.JobsAsync(JobStatus.Answered, cancellationToken))
        {
            any |= await ApplyAsync(
                job.InstanceId,
                (_, state, now) => state.OpenSteps.Any(e => e.Id == job.Execution) ? WorkflowEvent.Parse(job.Answer!, $"The answer of {job.Execution}") with { At = now } : null,
                cancellationToken, job: KeyOf(job));
        }
        return any;
    }

    async Task<bool> WakeAsync(CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var (instance, execution) in await store.DueAsync(time.GetUtcNow(), cancellationToken))
        {
            any |= await ApplyAsync(instance, (_, state, now) =>
                state.Waits.Any(w => w.Id == execution && w.WakeAt <= now) ? new StepResumed(now, execution) : null, cancellationToken);
        }
        return any;
    }

    async Task CarryAsync(CancellationToken cancellationToken)
    {
        var queued = await store.JobsAsync(JobStatus.Queued, cancellationToken);
        var versions = transitions.StepVersions;
        foreach (var job in queued)
        {
            if (versions.GetValueOrDefault(job.Step, job.StepVersion) != job.StepVersion)
            {
                await FailAsync(job, $"step {job.Step} is at version {versions[job.Step]} now, and this instance was begun with {job.StepVersion}: "
                    + $"its result may differ (rlhf instances retry {job.InstanceId} --accept-step-version goes on with it)", cancellationToken);
            }
            else if (job.Lost >= MostLost)
            {
                await FailAsync(job, $"{job.Lost} workers were lost in it, one after the other, and it got no further", cancellationToken);
            }
            else if (!_carried.TryGetValue(KeyOf(job), out var since) || time.GetElapsedTime(since) > CarryAgain)
            {
                carrier.Carry(job.Queue, KeyOf(job));
                _carried[KeyOf(job)] = time.GetTimestamp();
            }
        }
        var there = queued.Select(KeyOf).ToHashSet();
        foreach (var gone in _carried.Keys.Where(k => !there.Contains(k)).ToList()) _carried.Remove(gone);
    }

    Task FailAsync(JobRow job, string reason, CancellationToken cancellationToken) =>
        ApplyAsync(job.InstanceId, (_, _, now) => new StepFailed(now, job.Execution, reason, Transient: false), cancellationToken, job: KeyOf(job));

    // A beat that stands still is measured with this process's own clock, so that no two machines' clocks are ever compared.
    async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        var running = await store.JobsAsync(JobStatus.Running, cancellationToken);
        foreach (var job in running)
        {
            var key = KeyOf(job);
            if (!_beats.TryGetValue(key, out var last) || last.Beat != job.Beat) _beats[key] = (job.Beat, time.GetTimestamp());
            else if (time.GetElapsedTime(last.Seen) >= options.Lease && await store.RequeueAsync(key, job.Beat, cancellationToken))
                observer?.Trouble($"{job.Execution} of instance {job.InstanceId}: nothing was heard of its worker {job.Owner} for {options.Lease.TotalSeconds:0} s; another one goes on with it.");
        }
        var there = running.Select(KeyOf).ToHashSet();
        foreach (var gone in _beats.Keys.Where(k => !there.Contains(k)).ToList()) _beats.Remove(gone);
    }

    async Task<bool> ApplyAsync(
        string instance, Func<Definitions.WorkflowDefinition, WorkflowState, DateTimeOffset, WorkflowEvent?> choose, CancellationToken cancellationToken, long? consumed = null,
        JobKey? job = null)
    {
        var applied = false;
        await GuardAsync(instance, async () => applied = await transitions.ApplyAsync(instance, choose, cancellationToken, consumed, job));
        return applied;
    }

    // One instance or message that cannot go on, since this version cannot read it or has a fault, must not stop the others.
    async Task GuardAsync(string what, Func<Task> action)
    {
        try
        {
            await action();
            _troubled.Remove(what);
        }
        catch (Exception e) when (e is not (OperationCanceledException or EngineStopException or IOException) && !Database.IsUnreachable(e))
        {
            if (_troubled.Add(what)) observer?.Trouble($"{(what.Contains(' ') ? what : $"Instance {what}")} stands still: {e.Message}");
        }
    }

    static JobKey KeyOf(JobRow job) => new(job.InstanceId, job.Execution, job.Epoch);
}
