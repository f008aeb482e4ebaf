using System.Globalization;
using Cronos;
using Elsa.Common;
using Elsa.Scheduling;
using Elsa.Scheduling.Schedules;
using Elsa.Scheduling.Services;
using Elsa.Scheduling.Tasks;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using ITask = Elsa.Scheduling.ITask;

namespace Rlhf.Elsa.Hosting;

/// <summary>
/// Elsa's own scheduler has timers on every node. Here the node that is first to create the object of (trigger, due time) fires, once for all nodes over the store; one that
/// is killed between the two leaves out that time. Waits of instances need no such care: a bookmark is resumed once.
/// </summary>
sealed class ClusterScheduler(LocalScheduler inner, IObjectStore objects, ISystemClock clock) : IScheduler
{
    public ValueTask ScheduleAsync(string name, ITask task, ISchedule schedule, CancellationToken cancellationToken = default) =>
        inner.ScheduleAsync(name, Once(name, task, schedule), schedule, cancellationToken);

    public ValueTask ScheduleAsync(string name, ITask task, ISchedule schedule, IEnumerable<string>? keys = null, CancellationToken cancellationToken = default) =>
        inner.ScheduleAsync(name, Once(name, task, schedule), schedule, keys, cancellationToken);

    public ValueTask ClearScheduleAsync(string name, CancellationToken cancellationToken = default) => inner.ClearScheduleAsync(name, cancellationToken);

    public ValueTask ClearScheduleAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default) => inner.ClearScheduleAsync(keys, cancellationToken);

    ITask Once(string name, ITask task, ISchedule schedule) => task is RunWorkflowTask ? new OnceTask(name, task, schedule, objects, clock) : task;

    /// <summary>The due time that a timer which fires now belongs to.</summary>
    public static DateTimeOffset DueAt(ISchedule schedule, DateTimeOffset now) => schedule switch
    {
        CronSchedule cron => LastBefore(cron.CronExpression, now),
        // Every node counts from its own start: an interval of the clock is fired in once, by whoever comes first in it.
        RecurringSchedule recurring => new(now.UtcTicks - now.UtcTicks % recurring.Interval.Ticks, TimeSpan.Zero),
        SpecificInstantSchedule instant => instant.StartAt,
        _ => throw new NotSupportedException($"{schedule.GetType().Name} is no schedule that is known here."),
    };

    static DateTimeOffset LastBefore(string expression, DateTimeOffset now)
    {
        var cron = CronExpression.Parse(expression, expression.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        // A timer may fire a moment early.
        var until = now.UtcDateTime.AddMilliseconds(100);
        foreach (var back in new[] { TimeSpan.FromMinutes(1), TimeSpan.FromDays(1), TimeSpan.FromDays(366 * 5) })
        {
            if (cron.GetOccurrences(until - back, until, fromInclusive: true, toInclusive: true).Select(o => (DateTime?)o).LastOrDefault() is { } due) return new(due, TimeSpan.Zero);
        }
        throw new InvalidOperationException($"'{expression}' was due at no time within five years.");
    }

    sealed class OnceTask(string name, ITask task, ISchedule schedule, IObjectStore objects, ISystemClock clock) : ITask
    {
        public async ValueTask ExecuteAsync(TaskExecutionContext context)
        {
            var due = DueAt(schedule, clock.UtcNow).ToString("O", CultureInfo.InvariantCulture);
            var fired = CanonicalJson.Write(new System.Text.Json.Nodes.JsonObject { ["trigger"] = name, ["due"] = due });
            if (await objects.TryCreateAsync($"jobs/fired/{CanonicalJson.Hash(System.Text.Json.Nodes.JsonNode.Parse(fired))}.json", fired, context.CancellationToken)) await task.ExecuteAsync(context);
        }
    }
}
