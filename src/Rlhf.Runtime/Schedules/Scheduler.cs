using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Driver;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Schedules;

/// <summary>
/// Fires what is due, once per store whatever the number of drivers: the instance, the rows of the firing and the next due time are one
/// transaction. What cannot be started, or is left to someone else, is a row with its reason, and the schedule goes on to its next time.
/// </summary>
internal sealed class Scheduler(
    WorkflowStore store, Transitions transitions, DefinitionCache definitions, RuntimeOptions options, TimeProvider time, IDriverObserver? observer) : IScheduler
{
    readonly ScheduledStarts _starts = new(store, transitions, definitions, options, time);

    public async Task<bool> FireAsync(CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var schedule in await store.SchedulesAsync(time.GetUtcNow(), cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await FireAsync(schedule, cancellationToken);
                any = true;
            }
            catch (Exception e) when (e is InstanceChangedException || (e is IOException { InnerException: { } inner } && Database.IsDuplicate(inner)))
            {
                // Another process fired it, or paused it, or started an instance where only one may be open: the next look finds out.
            }
        }
        return any;
    }

    public Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken) => store.NextScheduleAsync(cancellationToken);

    async Task FireAsync(ScheduleRow schedule, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var times = TimesOf(schedule, now, out var broken);
        List<FiringRow> rows = [.. times.Past.Select(t => RowOf(schedule, t, now))];
        var write = new FiringWrite(schedule, rows, broken ? null : times.Next);
        if (times.Past[^1] is { Skipped: null, Due: var due } && await WhyNotAsync(write, due, cancellationToken) is { } reason)
            await store.RecordFiringAsync(write with { Firings = [.. rows.SkipLast(1), RowOf(schedule, new(due, reason), now)] }, cancellationToken);
        else if (times.Past[^1].Skipped is not null)
            await store.RecordFiringAsync(write, cancellationToken);
    }

    // An expression that was fine when it was published and is no more, such as a zone that this machine does not know: the schedule stands
    // still, with the reason, rather than being tried for ever.
    DueTimes TimesOf(ScheduleRow schedule, DateTimeOffset now, out bool broken)
    {
        try
        {
            broken = false;
            var zone = ScheduleSettings.ZoneOf(schedule.Zone, schedule.DefinitionId);
            return DueTimes.Of(schedule.Trigger(), zone, Enum.Parse<MissedTimes>(schedule.Missed), schedule.Due!.Value, now);
        }
        catch (InvalidDataException e)
        {
            broken = true;
            var reason = $"{e.Message.TrimEnd('.')}. The schedule stands still; rlhf schedules resume {schedule.DefinitionId} tries again.";
            Tell(schedule, reason);
            return new([new(schedule.Due!.Value, reason)], now);
        }
    }

    /// <summary>Starts the instance that is due, or returns why there is none.</summary>
    async Task<string?> WhyNotAsync(FiringWrite write, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var schedule = write.Schedule;
        if (options.SchedulesLeftTo is { } other) return $"left to {other}";
        if (await store.HasFiredAsync(schedule, due, cancellationToken)) return "it has been fired for this time before";
        if (await store.OpenInstanceAsync(schedule.DefinitionId, cancellationToken) is { } open)
            return WorkflowStore.Overlap(schedule.DefinitionId, open).Message;
        try
        {
            var start = await _starts.PrepareAsync(schedule, cancellationToken);
            if (schedule.SkipUnchanged && await store.LastFinishedFiringAsync(schedule, cancellationToken) is { } last && last.InputsHash == start.InputsHash)
                return $"inputs have not changed since instance {last.InstanceId}";
            await _starts.StartAsync(start, write, cancellationToken);
            return null;
        }
        catch (SingletonException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            Tell(schedule, e.Message);
            return e.Message;
        }
    }

    void Tell(ScheduleRow schedule, string reason) =>
        observer?.Trouble($"The schedule '{schedule.ActivityId}' of '{schedule.DefinitionId}' started nothing: {reason}");

    static FiringRow RowOf(ScheduleRow schedule, DueTime time, DateTimeOffset now) => new()
    {
        DefinitionId = schedule.DefinitionId,
        ActivityId = schedule.ActivityId,
        Due = time.Due,
        At = now,
        Skipped = time.Skipped,
    };
}
