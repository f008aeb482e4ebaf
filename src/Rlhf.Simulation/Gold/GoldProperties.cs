namespace Rlhf.Simulation.Gold;

/// <summary>What the gold preference sees in a completion, each from 0 to 1; 0.5 where a completion shows nothing of it.</summary>
/// <param name="Pronouns">Share of he and she words that agree with the prompt's protagonist.</param>
/// <param name="Characters">Share of names that were introduced.</param>
/// <param name="Resolution">The event that the prompt opened is resolved by the matching act (0.6) on the same object (0.4).</param>
/// <param name="Order">Share of pairs of trouble, act and joy, and of "a cat" and "the cat", that stand in this order.</param>
/// <param name="HappyEnding">The last sentence is happy.</param>
/// <param name="Sentences">Share of sentences that are whole.</param>
/// <param name="NoRepetition">Share of distinct word trigrams times share of distinct sentences.</param>
public sealed record GoldProperties(
    double Pronouns, double Characters, double Resolution, double Order, double HappyEnding, double Sentences, double NoRepetition)
{
    /// <summary>What an empty completion shows.</summary>
    internal static readonly GoldProperties None = new(0, 0, 0, 0, 0, 0, 0);

    /// <summary>What a property counts in the score; the weights sum to 1.</summary>
    internal static readonly GoldProperties Weights = new(0.17, 0.08, 0.17, 0.36, 0.14, 0.04, 0.04);

    /// <summary>The weighted sum, 0 to 1.</summary>
    public double Score =>
        Pronouns * Weights.Pronouns + Characters * Weights.Characters + Resolution * Weights.Resolution + Order * Weights.Order
        + HappyEnding * Weights.HappyEnding + Sentences * Weights.Sentences + NoRepetition * Weights.NoRepetition;
}
