using Rlhf.Learning.Sampling;

namespace Rlhf.Learning.Rewards;

/// <summary>Gives completions their score: one reward model, an ensemble, or several models by a rule.</summary>
public interface IScorer : IDisposable
{
    /// <summary>One finite score a completion, in the order of asking; a completion that was cut is scored as if it ended there.</summary>
    /// <exception cref="InvalidDataException">A completion does not fit the reward model's context.</exception>
    /// <exception cref="Optimization.NonFiniteException">A score is not finite.</exception>
    float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken);
}
