using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <summary>A step that waits for people: its instance and execution, and how many judgements have come and are missing.</summary>
public sealed record PeopleWait(string Instance, string Execution, int Judged, int Missing);

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
                var requests = (wait.WakeEvents ?? []).Where(e => e.StartsWith(DeskLabeler.EventPrefix, StringComparison.Ordinal)).Select(e => e[DeskLabeler.EventPrefix.Length..]).ToList();
                // Where its time has come, such as a deadline, the step is about to look again.
                if (!wait.IsStep || requests.Count == 0 || wait.WakeAt <= now) return [];
                var (judged, missing) = (0, 0);
                foreach (var request in requests)
                {
                    var progress = await desk.ProgressAsync(request, cancellationToken);
                    (judged, missing) = (judged + progress.Judgements.Count, missing + progress.Missing);
                }
                // All answers are there: the event is on its way.
                if (missing == 0) return [];
                people.Add(new(id, wait.Id, judged, missing));
            }
        }
        return people;
    }
}
