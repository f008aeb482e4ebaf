using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Schedules;

/// <summary>What people do with schedules: look, fire one by hand, pause and resume. Any process may, beside the one that drives.</summary>
public sealed class ScheduleAdmin
{
    readonly WorkflowStore _store;
    readonly ScheduledStarts _starts;
    readonly TimeProvider _time;

    internal ScheduleAdmin(WorkflowStore store, ScheduledStarts starts, TimeProvider time) => (_store, _starts, _time) = (store, starts, time);

    /// <summary>All triggers of published workflows, by definition and activity.</summary>
    public async Task<IReadOnlyList<ScheduleSummary>> ListAsync(CancellationToken cancellationToken)
    {
        var summaries = new List<ScheduleSummary>();
        foreach (var schedule in await _store.SchedulesAsync(null, cancellationToken)) summaries.Add(await SummaryAsync(schedule, cancellationToken));
        return summaries;
    }

    /// <summary>
    /// Starts an instance as the schedule would, now, paused or not and whether or not its inputs have changed; returns its id. The time at
    /// which the schedule is due next stays as it is.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such schedule, more than one, or an input of its workflow cannot be resolved.</exception>
    /// <exception cref="SingletonException">An instance of the workflow is open.</exception>
    public async Task<string> RunAsync(string definitionId, string? activity, CancellationToken cancellationToken)
    {
        var found = await FindAsync(definitionId, activity, cancellationToken);
        var timed = found.Where(s => s.Trigger().Kind != TriggerKind.Event).ToList();
        if (timed is not [var schedule])
        {
            throw new ArgumentException(timed.Count == 0
                ? $"'{definitionId}' is started by the event '{found[0].Expression}' and not by the clock; send that event instead."
                : $"'{definitionId}' has more than one schedule: {Names(timed.Select(s => s.ActivityId))}. Say which one is meant.");
        }
        if (await _store.OpenInstanceAsync(definitionId, cancellationToken) is { } open) throw WorkflowStore.Overlap(definitionId, open);
        var start = await _starts.PrepareAsync(schedule, cancellationToken);
        var now = _time.GetUtcNow();
        var firing = new FiringRow { DefinitionId = definitionId, ActivityId = schedule.ActivityId, Due = now, At = now };
        try
        {
            return await _starts.StartAsync(start, new(schedule, [firing], schedule.Due), cancellationToken);
        }
        catch (InstanceChangedException e)
        {
            throw new InvalidOperationException($"{e.Message} Nothing was started; look at it (rlhf schedules list) and try again.", e);
        }
    }

    /// <summary>Lets a workflow's triggers, or one of them, start nothing until they are resumed; what falls due meanwhile is left out.</summary>
    /// <exception cref="ArgumentException">There is no such schedule; the message lists those there are.</exception>
    public Task<IReadOnlyList<ScheduleSummary>> PauseAsync(string definitionId, string? activity, CancellationToken cancellationToken) =>
        SetPausedAsync(definitionId, activity, paused: true, cancellationToken);

    /// <summary>Lets them start instances again, from the first due time after now.</summary>
    /// <exception cref="ArgumentException">There is no such schedule; the message lists those there are.</exception>
    /// <exception cref="InvalidDataException">The schedule's expression never fires, or this machine does not know its time zone.</exception>
    public Task<IReadOnlyList<ScheduleSummary>> ResumeAsync(string definitionId, string? activity, CancellationToken cancellationToken) =>
        SetPausedAsync(definitionId, activity, paused: false, cancellationToken);

    async Task<IReadOnlyList<ScheduleSummary>> SetPausedAsync(string definitionId, string? activity, bool paused, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        foreach (var schedule in await FindAsync(definitionId, activity, cancellationToken))
        {
            // A schedule that runs already keeps what it has yet to make up for.
            var due = paused || (!schedule.Paused && schedule.Due is not null) ? schedule.Due : schedule.Next(now);
            await _store.SetPausedAsync(schedule, paused, due, cancellationToken);
        }
        var summaries = new List<ScheduleSummary>();
        foreach (var schedule in await FindAsync(definitionId, activity, cancellationToken)) summaries.Add(await SummaryAsync(schedule, cancellationToken));
        return summaries;
    }

    async Task<IReadOnlyList<ScheduleRow>> FindAsync(string definitionId, string? activity, CancellationToken cancellationToken)
    {
        var all = await _store.SchedulesAsync(null, cancellationToken);
        var ofDefinition = all.Where(s => s.DefinitionId == definitionId).ToList();
        if (ofDefinition.Count == 0)
        {
            throw new ArgumentException(all.Count == 0
                ? $"There is no schedule '{definitionId}'; no published workflow has a trigger."
                : $"There is no schedule '{definitionId}'; known are {Names(all.Select(s => s.DefinitionId).Distinct())}.");
        }
        if (activity is null) return ofDefinition;
        return ofDefinition.Where(s => s.ActivityId == activity).ToList() is { Count: > 0 } found ? found
            : throw new ArgumentException($"'{definitionId}' has no trigger '{activity}'; known are {Names(ofDefinition.Select(s => s.ActivityId))}.");
    }

    async Task<ScheduleSummary> SummaryAsync(ScheduleRow schedule, CancellationToken cancellationToken)
    {
        var last = await _store.LastFiringAsync(schedule, cancellationToken);
        return new(
            schedule.DefinitionId, schedule.ActivityId, schedule.Trigger().Kind, schedule.Expression, schedule.Zone, Enum.Parse<MissedTimes>(schedule.Missed),
            schedule.SkipUnchanged, schedule.Paused, schedule.Due, last is null ? null : new(last.Due, last.At, last.InstanceId, last.Skipped),
            schedule.Trigger().Kind == TriggerKind.Event ? null : await _store.SchedulesLeftToAsync(cancellationToken));
    }

    static string Names(IEnumerable<string> names) => string.Join(", ", names);
}
