namespace Rlhf.Learning.Evaluation.Overoptimization;

/// <summary>Which of the two laws of Gao, Schulman and Hilton (2022): gold by d = √KL, under best-of-n or under RL.</summary>
public enum Law
{
    /// <summary>d(α − βd)</summary>
    BestOfN,

    /// <summary>d(α − β ln d)</summary>
    Rl,
}

/// <summary>A law with its two numbers. Gold is re-centred on the starting policy's (0 at KL 0) and in its standard deviations.</summary>
/// <param name="Law">Which law.</param>
/// <param name="Alpha">Slope per √nat: under best-of-n at the start, under RL at KL 1.</param>
/// <param name="Beta">How fast the slope falls; above 0 where there is a peak.</param>
public readonly record struct LawCurve(Law Law, double Alpha, double Beta)
{
    /// <summary>Gold at a KL of at least 0, in nats.</summary>
    public double At(double kl)
    {
        var d = Math.Sqrt(kl);
        return Alpha * d - Beta * Falling(Law, d);
    }

    /// <summary>KL in nats at which gold is highest; infinite where β is not above 0.</summary>
    public double BestKl => Beta > 0 ? Square(Law == Law.BestOfN ? Math.Max(0, Alpha / (2 * Beta)) : Math.Exp(Alpha / Beta - 1)) : double.PositiveInfinity;

    /// <summary>Gold there: α²/4β under best-of-n, β·d* under RL.</summary>
    public double BestGain => Beta > 0 ? At(BestKl) : double.PositiveInfinity;

    /// <summary>What β takes off at distance d: d², or d ln d, which is 0 at 0.</summary>
    internal static double Falling(Law law, double d) => law == Law.BestOfN ? d * d : d == 0 ? 0 : d * Math.Log(d);

    static double Square(double d) => d * d;
}
