using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The gradients of several parameter sets together.</summary>
public static class Gradients
{
    /// <summary>Scales all gradients so that their joint norm is at most <paramref name="maxNorm"/>, and returns the norm before.</summary>
    /// <exception cref="NonFiniteException">A gradient is not finite; names the parameter, and all gradients are cleared.</exception>
    public static double Clip(IReadOnlyList<ParameterSet> sets, double maxNorm, TrainingBatch batch)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var norm = Math.Sqrt(sets.Sum(SumOfSquares));
        if (!double.IsFinite(norm))
        {
            var error = batch.NotFinite(Culprit(sets), norm);
            Clear(sets);
            throw error;
        }
        if (norm > maxNorm)
            foreach (var set in sets) set.GatherGradient().mul_(Number(maxNorm / norm));
        return norm;
    }

    static double SumOfSquares(ParameterSet set)
    {
        var gradient = set.GatherGradient();
        return set.Slices.Sum(s =>
        {
            using var slice = NewDisposeScope();
            return (double)gradient.narrow(0, s.Start, s.Count).Squared().sum().Value();
        });
    }

    /// <summary>Sets all gradients to zero, as if nothing had flowed.</summary>
    public static void Clear(IReadOnlyList<ParameterSet> sets)
    {
        foreach (var set in sets) set.ZeroGradient();
    }

    static string Culprit(IReadOnlyList<ParameterSet> sets)
    {
        foreach (var set in sets)
            foreach (var name in set.Names)
                if (set[name].grad is { } gradient && !gradient.isfinite().all().Flag()) return $"gradient of {name}";
        // Every entry is a number, but their squares overflow.
        return "norm of the gradient";
    }
}
