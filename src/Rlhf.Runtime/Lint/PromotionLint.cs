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
        foreach (var activity in container.Activities.Where(a => !IsGuarded(container, a)))
        {
            if (IsStep(activity, PromoteChallenger.Description.Name)) yield return activity;
            foreach (var inner in Unguarded(activity)) yield return inner;
        }
    }

    /// <summary>True where nobody comes to an activity of a container but through a gate of that container.</summary>
    static bool IsGuarded(Activity container, Activity activity) => container.Type.Name switch
    {
        ActivityCatalog.Flowchart => !WithoutGate(container).Contains(activity.Id),
        ActivityCatalog.Sequence => container.Activities.TakeWhile(a => a != activity).Any(a => IsStep(a, PreparePromotion.Description.Name)),
        _ => false,
    };

    static HashSet<string> WithoutGate(Activity flowchart)
    {
        var open = flowchart.Connections.Where(c => flowchart.Activities.FirstOrDefault(a => a.Id == c.Source) is { } source && !Allows(source, c.Port)).ToLookup(c => c.Source, c => c.Target);
        var starts = flowchart.Activities.Where(a => a.CanStart).Append(FlowGraph.StartOf(flowchart, null)).OfType<Activity>().Select(a => a.Id).Distinct().ToList();
        var (reached, queue) = (starts.ToHashSet(StringComparer.Ordinal), new Queue<string>(starts));
        while (queue.TryDequeue(out var at))
        {
            foreach (var target in open[at].Where(reached.Add)) queue.Enqueue(target);
        }
        return reached;
    }

    static bool Allows(Activity activity, string port) =>
        (IsStep(activity, DecideGate.Description.Name) && port == Promote) || IsStep(activity, PreparePromotion.Description.Name);

    static bool IsStep(Activity activity, string name) => activity.Type.Step?.Name == name;
}
