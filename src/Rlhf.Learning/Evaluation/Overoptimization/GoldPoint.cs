namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>Gold of one policy, in standard deviations of the starting policy's, above its mean.</summary>
/// <param name="Kl">To the starting policy, in nats, at least 0.</param>
/// <param name="Gold">Mean.</param>
/// <param name="StandardError">Of the mean, above 0; null where it is not known.</param>
/// <param name="Weight">In the fit, above 0; null: 1 over the squared standard error where all points have one, otherwise 1.</param>
public sealed record GoldPoint(double Kl, double Gold, double? StandardError = null, double? Weight = null);

/// <summary>A law that was fitted, or why none was.</summary>
/// <param name="Fit">Null where it was refused.</param>
/// <param name="Refused">A sentence; null where there is a fit.</param>
public sealed record FitOutcome(FittedLaw? Fit, string? Refused);

/// <summary>A law fitted to points, with 95 % intervals of the bootstrap.</summary>
/// <param name="Curve">The fitted law.</param>
/// <param name="BestKl">KL, in nats, where it is highest.</param>
/// <param name="BestGain">Gold there.</param>
/// <param name="R2">Centered: 1 − residual over total sum of squares about the mean, all points alike.</param>
/// <param name="Points">How many carried the fit.</param>
/// <param name="MostKl">The largest KL among them.</param>
/// <param name="Remarks">What is to be known of the fit, a sentence each.</param>
public sealed record FittedLaw(
    LawCurve Curve, Interval Alpha, Interval Beta, Interval BestKl, Interval BestGain, double R2, int Points, double MostKl, IReadOnlyList<string> Remarks)
{
    /// <summary>The same law fitted to every resample.</summary>
    internal IReadOnlyList<LawCurve> Resamples { get; init; } = [];

    /// <summary>Gold that the law says for a KL of at least 0, in nats.</summary>
    public Interval At(double kl) => Of(c => c.At(kl));

    /// <summary>What follows from the law, with its interval.</summary>
    internal Interval Of(Func<LawCurve, double> figure) => Interval.OfResamples(figure(Curve), Resamples.Select(figure));
}
