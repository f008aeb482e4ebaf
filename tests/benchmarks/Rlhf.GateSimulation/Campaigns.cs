using Rlhf.Learning.Evaluation;

namespace Rlhf.GateSimulation;

/// <summary>Where judgements come from.</summary>
/// <param name="Rate">True win rate of a decisive judgement.</param>
/// <param name="Ties">Share of ties.</param>
/// <param name="Each">Judgements a prompt.</param>
/// <param name="Correlation">Intraclass correlation of a prompt's judgements, 0 for none.</param>
/// <param name="FirstShown">Share of judgements that prefer the side shown first without looking; sides are drawn.</param>
/// <param name="LengthBias">Log-odds by 100 more characters; 0 where length does not matter.</param>
/// <param name="Longer">Mean of the challenger's characters less the champion's; the deviation is 100.</param>
sealed record Scenario(string Name, double Rate = 0.5, double Ties = 0, int Each = 1, double Correlation = 0, double FirstShown = 0, double LengthBias = 0, double Longer = 0);

/// <summary>What became of many campaigns.</summary>
/// <param name="Promoted">Share that the gate's test promotes.</param>
/// <param name="Decisive">Decisive judgements on average.</param>
/// <param name="DecisiveWherePromoted">The same of those that were promoted; null where none was.</param>
/// <param name="Wald">Share that Wald's test promotes, looking at every decisive judgement as if it were independent.</param>
/// <param name="BetaBinomial">Share that the beta-binomial e-value promotes, in the same way.</param>
/// <param name="Controlled">Share that the test and the length-controlled criterion (its lower bound above the target) promote together; null where length does not matter.</param>
/// <param name="ControlledByPoint">The same with the length-controlled rate itself above the target, at the first look.</param>
sealed record Outcomes(Scenario Scenario, int Campaigns, double Promoted, double Decisive, double? DecisiveWherePromoted, double Futile, double Wald, double BetaBinomial, double? Controlled,
    double? ControlledByPoint);

/// <summary>Campaigns of the gate: prompts are judged one after the other, the test looks after each, until it decides or the budget is spent.</summary>
static class Campaigns
{
    public const int Budget = 1000;
    public static readonly SequentialPlan Plan = new(0.5, 0.6, 0.05, 0.2);

    // The length-controlled criterion is looked at after each pass of the default preset, once the test is above.
    const int Batch = 250, Resamples = 200;

    public static Outcomes Run(Scenario scenario, int campaigns, int seed)
    {
        var results = new One[campaigns];
        Parallel.For(0, campaigns, i => results[i] = RunOne(scenario, new Random(unchecked(seed * 1_000_003 + i))));
        var promoted = results.Where(r => r.Promoted).ToList();
        return new(
            scenario, campaigns, Share(r => r.Promoted), results.Average(r => (double)r.Decisive), promoted.Count > 0 ? promoted.Average(r => (double)r.Decisive) : null,
            Share(r => r.Futile), Share(r => r.Wald), Share(r => r.BetaBinomial), scenario.LengthBias == 0 ? null : Share(r => r.Controlled),
            scenario.LengthBias == 0 ? null : Share(r => r.ControlledByPoint));

        double Share(Func<One, bool> which) => (double)results.Count(which) / campaigns;
    }

    readonly record struct One(bool Promoted, bool Futile, int Decisive, bool Wald, bool BetaBinomial, bool Controlled, bool ControlledByPoint);

    static One RunOne(Scenario scenario, Random random)
    {
        var betting = new BettingAccumulator(Plan);
        var (verdict, decisive, wins, losses) = (SequentialVerdict.Undecided, 0, 0, 0);
        var (wald, beta, decidedAt) = (SequentialVerdict.Undecided, false, 0);
        bool? controlled = null, byPoint = null;
        var (rates, longer) = (new List<double>(), new List<double>());
        while (decisive < Budget && !Done())
        {
            var (rate, length) = (PromptRate(scenario, random), scenario.Longer + 100 * Normal(random));
            if (scenario.LengthBias != 0) rate = 1 / (1 + Math.Exp(-scenario.LengthBias * length / 100));
            var sum = 0.0;
            for (var j = 0; j < scenario.Each; j++)
            {
                var x = Judge(scenario, rate, random);
                sum += x;
                if (x == 0.5) continue;
                decisive++;
                if (x == 1) wins++;
                else losses++;
                if (wald == SequentialVerdict.Undecided) wald = SprtTest.Of(wins, losses, Plan).Verdict;
                beta |= wins > losses && BetaBinomialAbove(wins, losses);
            }
            rates.Add(sum / scenario.Each);
            longer.Add(length);
            if (verdict == SequentialVerdict.Undecided)
            {
                betting.Add(sum / scenario.Each);
                verdict = betting.Verdict;
                if (verdict != SequentialVerdict.Undecided) decidedAt = decisive;
            }
            if (scenario.LengthBias != 0 && verdict == SequentialVerdict.Above && controlled is null && rates.Count % Batch == 0)
            {
                var found = LengthControlledWinRate.Of(rates, longer, seed: 1, Resamples);
                byPoint ??= found.Controlled > Plan.TargetRate;
                controlled = found.Lower > Plan.TargetRate ? true : found.Upper <= Plan.TargetRate ? false : null;
            }
        }
        return new(
            verdict == SequentialVerdict.Above, verdict == SequentialVerdict.Futile, decidedAt == 0 ? decisive : decidedAt, wald == SequentialVerdict.Above, beta, controlled == true,
            byPoint == true);

        // The other tests go on to the end of the budget: they are what one would have done instead.
        bool Done() => verdict != SequentialVerdict.Undecided && wald != SequentialVerdict.Undecided && beta && (scenario.LengthBias == 0 || verdict == SequentialVerdict.Futile || controlled is not null);
    }

    static double PromptRate(Scenario scenario, Random random)
    {
        if (scenario.Correlation == 0) return scenario.Rate;
        // Beta(a, b) has intraclass correlation 1 / (1 + a + b).
        var total = 1 / scenario.Correlation - 1;
        var (a, b) = (Gamma(scenario.Rate * total, random), Gamma((1 - scenario.Rate) * total, random));
        return a / (a + b);
    }

    static double Judge(Scenario scenario, double rate, Random random)
    {
        if (random.NextDouble() < scenario.Ties) return 0.5;
        if (random.NextDouble() < scenario.FirstShown) return random.Next(2);
        return random.NextDouble() < rate ? 1 : 0;
    }

    // Once it is above 1/α it is above; the logarithms of one more judgement follow from those before, but the whole is cheap enough on a table.
    static bool BetaBinomialAbove(int wins, int losses) =>
        LogFactorials[wins] + LogFactorials[losses] - LogFactorials[wins + losses + 1] - (wins + losses) * Math.Log(Plan.TargetRate) >= -Math.Log(Plan.Alpha);

    static readonly double[] LogFactorials = LogFactorialsUpTo(Budget + 100);

    static double[] LogFactorialsUpTo(int most)
    {
        var table = new double[most + 1];
        for (var i = 1; i <= most; i++) table[i] = table[i - 1] + Math.Log(i);
        return table;
    }

    static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    // Marsaglia and Tsang 2000; below 1 by the power of a uniform.
    static double Gamma(double shape, Random random)
    {
        if (shape < 1) return Gamma(shape + 1, random) * Math.Pow(1 - random.NextDouble(), 1 / shape);
        var d = shape - 1.0 / 3;
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal(random);
            var v = Math.Pow(1 + c * x, 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < x * x / 2 + d - d * v + d * Math.Log(v)) return d * v;
        }
    }
}
