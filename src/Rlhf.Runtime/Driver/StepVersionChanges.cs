using Rlhf.Runtime.Definitions;
using Rlhf.Runtime.Interpreter;

namespace Rlhf.Runtime.Driver;

/// <summary>Steps whose version was raised since an instance began: their results may differ from what the instance was begun for.</summary>
internal static class StepVersionChanges
{
    /// <summary>A sentence for each step that failed and whose version is another one now.</summary>
    public static IReadOnlyList<string> Of(WorkflowDefinition definition, WorkflowState state, IReadOnlyDictionary<string, int> now) =>
    [
        .. state.Open.Where(e => e.Faulted).Select(e => definition.Find(e.Activity)?.Type.Step).OfType<Steps.Running.StepDescription>().Distinct()
            .Where(s => state.StepVersions.GetValueOrDefault(s.Name, 1) != now[s.Name])
            .Select(s => $"step {s.Name} was at version {state.StepVersions.GetValueOrDefault(s.Name, 1)} when it began and is at {now[s.Name]} now"),
    ];
}
