using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Promotions;

namespace Rlhf.Runtime.Labeling;

/// <summary>A step that waits for people: its instance and execution, and how many judgements, or approvals of a promotion, have come and are missing.</summary>
public sealed record PeopleWait(string Instance, string Execution, int Judged, int Missing)
{
    /// <summary>Where the questions are, in words, where that is another program; null for the desk.</summary>
    public string? Place { get; init; }

    /// <summary>Why it could not be looked at lately, so that the numbers are of before; null where it could.</summary>
    public string? Trouble { get; init; }

    /// <summary>The event that makes the step look there; null for the desk.</summary>
    public string? Event { get; init; }

    /// <summary>Id of the promotion that is to be approved; null where judgements are waited for.</summary>
    public string? Promotion { get; init; }
}

/// <summary>Finds out whether only people can move an instance on.</summary>
internal static class PeopleWaits
{
    public static async Task<IReadOnlyList<PeopleWait>> OfAsync(WorkflowStore store, ILabelingDesk desk, string instance, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var family = await store.FamilyAsync(instance, cancellationToken);
        if (family.All(i => i.Status != WorkflowStatus.Suspended) || family.Any(i => i.Status == WorkflowStatus.Running)) return [];
        var people = new List<PeopleWait>();
        foreach (var (id, _) in family.Where(i => i.Status == WorkflowStatus.Suspended))
        {
            foreach (var wait in (await store.LoadAsync(id, cancellationToken)).State.Waits)
            {
                if (family.Any(i => i.Id == wait.Child && i.Status == WorkflowStatus.Suspended)) continue;
                // Where its time has come, such as a deadline, the step is about to look again.
                if (!wait.IsStep || wait.WakeAt <= now || await OfAsync(store, desk, id, wait, cancellationToken) is not { } found) return [];
                people.Add(found);
            }
        }
        return people;
    }

    // Null where something else moves it on.
    static async Task<PeopleWait?> OfAsync(WorkflowStore store, ILabelingDesk desk, string instance, ActivityExecution wait, CancellationToken cancellationToken)
    {
        if (wait.WakeEvents?.Find(e => e.StartsWith(LabelingTools.EventPrefix, StringComparison.Ordinal)) is { } look)
        {
            // Somebody has asked it to look again.
            if (wait.StepState is not { } state || state["place"] is null || await store.HasEventAsync(instance, look, cancellationToken)) return null;
            return new(instance, wait.Id, state["judged"]!.GetValue<int>(), state["missing"]!.GetValue<int>()) { Place = $"{state["place"]}", Trouble = state["trouble"]?.GetValue<string>(), Event = look };
        }
        if (wait.WakeEvents?.Find(e => e.StartsWith(PromotionStore.EventPrefix, StringComparison.Ordinal)) is { } approval)
        {
            if (wait.StepState is not { } state || await store.HasEventAsync(instance, approval, cancellationToken)) return null;
            return new(instance, wait.Id, state["given"]?.GetValue<int>() ?? 0, state["missing"]?.GetValue<int>() ?? 0) { Event = approval, Promotion = approval[PromotionStore.EventPrefix.Length..] };
        }
        var requests = (wait.WakeEvents ?? []).Where(e => e.StartsWith(DeskLabeler.EventPrefix, StringComparison.Ordinal)).Select(e => e[DeskLabeler.EventPrefix.Length..]).ToList();
        var (judged, missing) = (0, 0);
        foreach (var request in requests)
        {
            var progress = await desk.ProgressAsync(request, cancellationToken);
            (judged, missing) = (judged + progress.Judgements.Count, missing + progress.Missing);
        }
        // All answers are there: the event is on its way.
        return missing == 0 ? null : new(instance, wait.Id, judged, missing);
    }
}
