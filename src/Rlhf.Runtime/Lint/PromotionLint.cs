using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Contracts;

namespace Rlhf.Runtime.Lint;

/// <summary>
/// Promotions that no gate leads to: a way from a start to one that neither leaves a gate by its Promote nor passes a step that finds such a decision. The promotion itself
/// would refuse, after all the work before it.
/// </summary>
internal sealed class PromotionLint(WorkflowDefinition definition)
{
    const string Promote = "Promote";

    /// <summary>The promotions that can be reached without a gate.</summary>
    public IEnumerable<Activity> Unguarded() => Unguarded(definition.Root);

    static IEnumerable<Activity> Unguarded(Activity container)
    {
        foreach (var activity in WithoutGate(container))
        {
            if (IsStep(activity, PromoteChallenger.Description.Name)) yield return activity;
            foreach (var inner in Unguarded(activity)) yield return inner;
        }
    }

    /// <summary>The activities of a container that somebody comes to without passing a gate of that container.</summary>
    static IEnumerable<Activity> WithoutGate(Activity container) => container.Type.Name switch
    {
        ActivityCatalog.Flowchart => WithoutGateInFlow(container),
        ActivityCatalog.Sequence => container.Activities.TakeWhile((_, i) => i == 0 || !IsPrepared(container.Activities[i - 1])),
        _ => container.Activities,
    };

    static IEnumerable<Activity> WithoutGateInFlow(Activity flowchart)
    {
        var activities = flowchart.Activities.ToDictionary(a => a.Id, StringComparer.Ordinal);
        var open = flowchart.Connections.Where(c => activities.TryGetValue(c.Source, out var source) && !Allows(source, c.Port)).ToLookup(c => c.Source, c => c.Target);
        var starts = flowchart.Activities.Where(a => a.CanStart).Append(FlowGraph.StartOf(flowchart, null)).OfType<Activity>().Select(a => a.Id).Distinct().ToList();
        var (reached, queue) = (starts.ToHashSet(StringComparer.Ordinal), new Queue<string>(starts));
        while (queue.TryDequeue(out var at))
        {
            foreach (var target in open[at].Where(reached.Add)) queue.Enqueue(target);
        }
        return flowchart.Activities.Where(a => reached.Contains(a.Id));
    }

    static bool Allows(Activity activity, string port) =>
        (IsStep(activity, DecideGate.Description.Name) && port == Promote) || IsPrepared(activity);

    static bool IsPrepared(Activity activity) => IsStep(activity, PreparePromotion.Description.Name);

    static bool IsStep(Activity activity, string name) => activity.Type.Step?.Name == name;
}
