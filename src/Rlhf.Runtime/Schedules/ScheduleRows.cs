using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Schedules;

internal static class ScheduleRows
{
    public static WorkflowTrigger Trigger(this ScheduleRow schedule) =>
        new(schedule.ActivityId, Enum.Parse<TriggerKind>(schedule.Kind), schedule.Expression);

    /// <summary>The first time after <paramref name="after"/>; null where an event starts it.</summary>
    /// <exception cref="InvalidDataException">The expression never fires, or this machine does not know the time zone.</exception>
    public static DateTimeOffset? Next(this ScheduleRow schedule, DateTimeOffset after) =>
        schedule.Trigger().Next(after, ScheduleSettings.ZoneOf(schedule.Zone, schedule.DefinitionId));
}
