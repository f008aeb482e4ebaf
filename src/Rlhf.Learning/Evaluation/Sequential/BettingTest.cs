namespace Rlhf.Learning.Evaluation;

/// <summary>
/// A sequential test of the mean of observations in [0, 1] by betting (Waudby-Smith and Ramdas 2023): under a mean of m the factor
/// x·q/m + (1−x)·(1−q)/(1−m) of an observation has mean 1 for every q, so that a mixture over q of their products passes 1/α with chance α at most,
/// however often one looks (Ville). On 0 and 1 with q uniform it is the beta-binomial e-value. The mixture is the same in any order.
/// </summary>
public static class BettingTest
{
    /// <exception cref="ArgumentException">An observation is outside [0, 1], or the plan is none.</exception>
    public static SequentialResult Of(IReadOnlyList<double> x, SequentialPlan plan)
    {
        var betting = new BettingAccumulator(plan);
        foreach (var value in x) betting.Add(value);
        var (lower, upper) = AlwaysValidInterval.Of(x, plan.Alpha);
        return new(betting.Verdict, x.Count, x.Count > 0 ? x.Average() : null, betting.EValue, betting.FutilityEValue, lower, upper);
    }

    /// <summary>Further observations, at least 1, after which the test is likely to have decided, were their mean the expected rate: what is missing to 1/α by what one brings.</summary>
    public static int ExpectedMore(IReadOnlyList<double> x, SequentialPlan plan)
    {
        var betting = new BettingAccumulator(plan);
        foreach (var value in x) betting.Add(value);
        var (p, m) = (plan.ExpectedRate, plan.TargetRate);
        var growth = p * Math.Log(p / m) + (1 - p) * Math.Log((1 - p) / (1 - m));
        // Ties bring nothing: as many of the next ones are decisive as before.
        var decisive = x.Count > 0 ? Math.Max(x.Average(v => 4 * (v - 0.5) * (v - 0.5)), 0.05) : 1;
        return (int)Math.Clamp(Math.Ceiling((-Math.Log(plan.Alpha) - betting.LogEValue) / (growth * decisive)), 1, int.MaxValue);
    }
}

/// <summary>The test's e-values, one observation after the other; costs the same for each.</summary>
public sealed class BettingAccumulator
{
    // Half of the bet is on the rate that is planned for, the rest is spread: who is better than expected is found sooner, who is worse not much later.
    const double OnPlan = 0.5;
    const int Spread = 32;

    readonly SequentialPlan _plan;
    readonly Bets _above, _futile;

    /// <exception cref="ArgumentException">The plan is none.</exception>
    public BettingAccumulator(SequentialPlan plan)
    {
        plan.Validate();
        _plan = plan;
        var (m, p) = (plan.TargetRate, plan.ExpectedRate);
        _above = new(m, [(p, OnPlan), .. Enumerable.Range(0, Spread).Select(i => (m + (1 - m) * (i + 0.5) / Spread, (1 - OnPlan) / Spread))]);
        _futile = new(p, [(m, OnPlan), .. Enumerable.Range(0, Spread).Select(i => (p * (i + 0.5) / Spread, (1 - OnPlan) / Spread))]);
    }

    public int Count { get; private set; }

    /// <summary>At most the largest number there is, which is evidence enough.</summary>
    public double EValue => Finite(_above.LogEValue);

    /// <summary>The natural logarithm of the e-value, which is never too large for a number.</summary>
    public double LogEValue => _above.LogEValue;

    /// <summary>As <see cref="EValue"/>.</summary>
    public double FutilityEValue => Finite(_futile.LogEValue);

    /// <summary>Above where both are shown: the mean lies between target and expected rate.</summary>
    public SequentialVerdict Verdict =>
        EValue >= 1 / _plan.Alpha ? SequentialVerdict.Above : FutilityEValue >= 1 / _plan.Beta ? SequentialVerdict.Futile : SequentialVerdict.Undecided;

    /// <exception cref="ArgumentException">The observation is outside [0, 1].</exception>
    public void Add(double x)
    {
        if (!(x >= 0 && x <= 1)) throw new ArgumentException($"Observation {Count} is {x}; expected 0 to 1.");
        Count++;
        _above.Add(x);
        _futile.Add(x);
    }

    // JSON knows no infinity.
    static double Finite(double log) => Math.Min(Math.Exp(log), double.MaxValue);

    /// <summary>A mixture of bets against the mean m: the logarithm of each one's product.</summary>
    sealed class Bets(double m, IReadOnlyList<(double Rate, double Weight)> prior)
    {
        readonly double[] _up = [.. prior.Select(q => q.Rate / m)], _down = [.. prior.Select(q => (1 - q.Rate) / (1 - m))];
        readonly double[] _logs = [.. prior.Select(q => Math.Log(q.Weight))];

        public void Add(double x)
        {
            for (var i = 0; i < _logs.Length; i++) _logs[i] += Math.Log(x * _up[i] + (1 - x) * _down[i]);
        }

        public double LogEValue
        {
            get
            {
                var most = _logs.Max();
                return most + Math.Log(_logs.Sum(l => Math.Exp(l - most)));
            }
        }
    }
}
