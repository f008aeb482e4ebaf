using Rlhf.Runtime.Definitions;

namespace Rlhf.Runtime.Schedules;

/// <summary>
/// A trigger of a published workflow: its kind and expression as in the file, the time zone a cron expression is read in, what becomes of
/// missed times, when it is due next (null: an event starts it, or it stands still), and what it did last (null: nothing yet).
/// </summary>
/// <param name="LeftTo">Who starts the workflow at these times in the place of what drives this store; null: nobody else, or an event starts it.</param>
public sealed record ScheduleSummary(
    string DefinitionId, string Activity, TriggerKind Kind, string Expression, string Zone, MissedTimes Missed, bool SkipUnchanged, bool Paused,
    DateTimeOffset? NextDue, ScheduleFiring? Last, string? LeftTo = null);

/// <summary>What a schedule did for one due time: an instance it started, or the reason why it started none. By hand, the due time is that of the command.</summary>
public sealed record ScheduleFiring(DateTimeOffset Due, DateTimeOffset At, string? Instance, string? Skipped);
