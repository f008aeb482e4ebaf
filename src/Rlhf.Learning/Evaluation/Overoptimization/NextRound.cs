namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>
/// What the law says of going on: with a reward model that is trained anew on the current policy's pairs, d(α − β ln d + β ln k) in the k-th such round (Gao,
/// Schulman and Hilton 2022, §4.3), beside training longer against the one there is. It informs; nothing is decided by it.
/// </summary>
/// <param name="OneMoreRound">Gold gained by one more round at the same KL: βd ln((k+1)/k).</param>
/// <param name="TrainingLonger">Gold still to be gained by the same reward model: the law's highest less its value here; 0 from its best KL on.</param>
public sealed record NextRound(Interval OneMoreRound, Interval TrainingLonger)
{
    /// <summary>What has to hold for this to come true.</summary>
    public static IReadOnlyList<string> Assumptions { get; } =
    [
        "α and β stay what they are although reward model and policy change",
        "distances √KL of the rounds add up, and the KL is that to the policy at which gold is 0",
        "the reward model is trained on pairs of the current policy in every round, on as many as before",
        "the paper saw this up to a certain number of rounds only",
    ];

    /// <param name="law">Fitted under RL to the points of the present round.</param>
    /// <param name="kl">Where the policy is now, in nats, above 0.</param>
    /// <param name="round">The present round k, at least 1.</param>
    /// <exception cref="ArgumentException">The law is another one, or a number is out of its range.</exception>
    public static NextRound Predict(FittedLaw law, double kl, int round)
    {
        if (law.Curve.Law != Law.Rl) throw new ArgumentException("The law is that of best-of-n; expected the one under RL, which alone has a term for rounds.");
        if (!(kl > 0 && double.IsFinite(kl))) throw new ArgumentException($"The KL is {kl}; expected a finite number above 0.");
        ArgumentOutOfRangeException.ThrowIfLessThan(round, 1);
        return new(law.Of(c => c.Beta * Math.Sqrt(kl) * Math.Log((round + 1.0) / round)), law.Of(c => c.BestKl > kl ? c.BestGain - c.At(kl) : 0));
    }
}
