namespace Rlhf.Learning.Evaluation;

/// <summary>
/// Wald's sequential probability ratio test of a rate (Wald 1945) on independent wins and losses: above where the log-likelihood ratio of the expected to the
/// target rate reaches ln((1−β)/α), futile where it falls to ln(β/(1−α)).
/// </summary>
/// <param name="LogLikelihoodRatio">Of the wins and losses so far.</param>
/// <param name="Upper">The bound above.</param>
/// <param name="Lower">The bound below.</param>
public sealed record SprtTest(SequentialVerdict Verdict, double LogLikelihoodRatio, double Upper, double Lower)
{
    /// <exception cref="ArgumentException">A count is negative, or the plan is none.</exception>
    public static SprtTest Of(int wins, int losses, SequentialPlan plan)
    {
        plan.Validate();
        if (wins < 0 || losses < 0) throw new ArgumentException($"{wins} wins and {losses} losses; expected 0 and up.");
        var (upper, lower) = Bounds(plan);
        var (win, loss) = Steps(plan);
        var ratio = wins * win + losses * loss;
        return new(ratio >= upper ? SequentialVerdict.Above : ratio <= lower ? SequentialVerdict.Futile : SequentialVerdict.Undecided, ratio, upper, lower);
    }

    /// <summary>Wald's approximation of the number of wins and losses until the test decides, where the rate is the expected one, or else the target.</summary>
    public static double ExpectedCount(SequentialPlan plan, bool atExpectedRate)
    {
        plan.Validate();
        var (upper, lower) = Bounds(plan);
        var (win, loss) = Steps(plan);
        var (rate, above) = atExpectedRate ? (plan.ExpectedRate, 1 - plan.Beta) : (plan.TargetRate, plan.Alpha);
        return (above * upper + (1 - above) * lower) / (rate * win + (1 - rate) * loss);
    }

    static (double Upper, double Lower) Bounds(SequentialPlan plan) => (Math.Log((1 - plan.Beta) / plan.Alpha), Math.Log(plan.Beta / (1 - plan.Alpha)));

    static (double Win, double Loss) Steps(SequentialPlan plan) => (Math.Log(plan.ExpectedRate / plan.TargetRate), Math.Log((1 - plan.ExpectedRate) / (1 - plan.TargetRate)));
}
