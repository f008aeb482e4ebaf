namespace Rlhf.Runtime.Definitions;

/// <summary>What starts an instance by itself.</summary>
public enum TriggerKind { Cron, Timer, Event }

/// <summary>
/// An activity that can start the workflow: at the times of a cron expression, every so often, or when an event of a name comes. The
/// expression is the cron text, the interval or the name, as the file gives it.
/// </summary>
public sealed record WorkflowTrigger(string ActivityId, TriggerKind Kind, string Expression)
{
    /// <summary>The first time after <paramref name="after"/> at which it fires, or null where only an event makes it fire.</summary>
    /// <exception cref="InvalidDataException">The expression is none, or never fires.</exception>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone) => Kind switch
    {
        TriggerKind.Cron => Schedule.Next(Expression, after, zone),
        TriggerKind.Timer => after + Schedule.Interval(Expression),
        _ => null,
    };
}

/// <summary>The triggers of a definition.</summary>
public static class WorkflowTriggers
{
    /// <summary>
    /// Those in the root flowchart that are marked with <c>canStartWorkflow</c>, in the order of the file. As in Elsa, a cron expression
    /// that is left blank is a schedule that is switched off.
    /// </summary>
    /// <exception cref="InvalidDataException">A trigger's expression is no text that stands in the file.</exception>
    public static IReadOnlyList<WorkflowTrigger> Of(WorkflowDefinition definition) =>
        [.. Candidates(definition).Select(a => TriggerOf(definition, a)).Where(t => t.Expression.Trim().Length > 0)];

    /// <summary>The activities that are triggers, whether or not what they say makes sense.</summary>
    internal static IEnumerable<Activity> Candidates(WorkflowDefinition definition) =>
        definition.Root.Type.Name != ActivityCatalog.Flowchart ? []
        : definition.Root.Activities.Where(a => a.CanStart && KindOf(a) is not null);

    internal static WorkflowTrigger TriggerOf(WorkflowDefinition definition, Activity activity)
    {
        var input = activity.Type.Inputs[0];
        // A trigger is known before any instance is, so there is nothing that a script could read.
        return activity.Inputs.GetValueOrDefault(input.Property, new Expression.Literal(input.Default)) is Expression.Literal literal
            ? new(activity.Id, KindOf(activity)!.Value, literal.Value?.ToString() ?? "")
            : throw new InvalidDataException(
                $"{definition.Source}: activity '{activity.Id}', input '{input.Property}': a trigger's value must be known before an instance is; expected a literal.");
    }

    static TriggerKind? KindOf(Activity activity) => activity.Type.Name switch
    {
        ActivityCatalog.Cron => TriggerKind.Cron,
        ActivityCatalog.Timer => TriggerKind.Timer,
        ActivityCatalog.Event => TriggerKind.Event,
        _ => null,
    };
}
