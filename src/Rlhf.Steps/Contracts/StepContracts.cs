using System.Reflection;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>The contracts of this product, for whoever dispatches steps without running them.</summary>
public static class StepContracts
{
    /// <summary>The description of every step, by name.</summary>
    public static IReadOnlyList<StepDescription> All { get; } =
    [
        .. typeof(StepContracts).Assembly.GetTypes()
            .Select(t => t.GetField("Description", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)).OfType<StepDescription>()
            .OrderBy(d => d.Name, StringComparer.Ordinal),
    ];
}
