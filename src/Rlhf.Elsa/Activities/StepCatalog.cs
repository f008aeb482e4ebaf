using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Activities;

/// <summary>The steps of this host by their activity types.</summary>
public sealed class StepCatalog(IReadOnlyList<StepDescription> steps)
{
    readonly Dictionary<string, StepDescription> _steps = steps.ToDictionary(s => s.ActivityType, StringComparer.Ordinal);

    public IReadOnlyList<StepDescription> Steps => steps;

    /// <exception cref="ArgumentException">No step is called so.</exception>
    public StepDescription Find(string activityType) => _steps.TryGetValue(activityType, out var step) ? step
        : throw new ArgumentException($"'{activityType}' is no known step; known are {string.Join(", ", _steps.Keys.Order(StringComparer.Ordinal))}.");
}
