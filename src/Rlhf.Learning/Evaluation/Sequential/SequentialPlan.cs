namespace Rlhf.Learning.Evaluation;

/// <summary>What a sequential test has shown.</summary>
public enum SequentialVerdict
{
    Undecided,

    /// <summary>The mean is above the target, at level α.</summary>
    Above,

    /// <summary>The mean is below the expected rate, at level β.</summary>
    Futile,
}

/// <summary>What a sequential test of a mean in [0, 1] is to show.</summary>
/// <param name="TargetRate">The mean that must be exceeded.</param>
/// <param name="ExpectedRate">The mean that is hoped for; above the target.</param>
/// <param name="Alpha">Chance at most to say above where the mean is the target or less, however often one looks.</param>
/// <param name="Beta">Chance at most to say futile where the mean is the expected one or more.</param>
public sealed record SequentialPlan(double TargetRate, double ExpectedRate, double Alpha, double Beta)
{
    /// <exception cref="ArgumentException">The rates are not 0 &lt; target &lt; expected &lt; 1, or an error is not between 0 and 1.</exception>
    public void Validate()
    {
        if (!(TargetRate > 0 && TargetRate < ExpectedRate && ExpectedRate < 1)) throw new ArgumentException($"Target rate {TargetRate} and expected rate {ExpectedRate}; expected 0 < target < expected < 1.");
        if (!(Alpha > 0 && Alpha < 1 && Beta > 0 && Beta < 1)) throw new ArgumentException($"Alpha {Alpha} and beta {Beta}; expected both between 0 and 1.");
    }
}

/// <summary>A sequential test's answer after <paramref name="Count"/> observations; without any the mean is null and the interval all of [0, 1].</summary>
/// <param name="EValue">Evidence against a mean of the target or less, 1 at first; at 1/α it is above.</param>
/// <param name="FutilityEValue">Evidence against a mean of the expected rate or more; at 1/β it is futile.</param>
/// <param name="Lower">Lower end of the always-valid interval at confidence 1 − α.</param>
/// <param name="Upper">Upper end.</param>
public sealed record SequentialResult(SequentialVerdict Verdict, int Count, double? Mean, double EValue, double FutilityEValue, double Lower, double Upper);
