namespace Rlhf.Learning.Evaluation;

/// <summary>
/// What the win rate would be were both completions of one length: AlpacaEval's (Dubois et al. 2024). P = σ(θ + φ·tanh(Δ/s)) is fitted to the win rates, where Δ is
/// the difference in characters and s its standard deviation; without the length's part σ(θ) is left.
/// </summary>
/// <param name="Raw">The mean win rate.</param>
/// <param name="Controlled">σ(θ).</param>
/// <param name="Intercept">θ.</param>
/// <param name="LengthCoefficient">φ: above 0 where the longer side is preferred.</param>
/// <param name="Lower">Lower end of the 95 % percentile bootstrap interval over prompts.</param>
/// <param name="Upper">Upper end.</param>
public sealed record LengthControlledWinRate(double Raw, double Controlled, double Intercept, double LengthCoefficient, double Lower, double Upper)
{
    const int Least = 10, MostIterations = 100;

    // A little of it keeps a separable set's coefficients finite; it is nothing beside real ones.
    const double Ridge = 1e-3;

    /// <param name="x">Win rates of prompts, 0 to 1.</param>
    /// <param name="longer">Characters of the first side less those of the other, one each.</param>
    /// <param name="seed">Of the resampling.</param>
    /// <param name="resamples">At least 1.</param>
    /// <exception cref="ArgumentException">
    /// There are too few prompts, or all differences are equal, so that nothing tells what length does; or a win rate, a difference or the number of resamples is none.
    /// </exception>
    public static LengthControlledWinRate Of(IReadOnlyList<double> x, IReadOnlyList<double> longer, int seed, int resamples)
    {
        if (x.Count != longer.Count) throw new ArgumentException($"{x.Count} win rates and {longer.Count} differences; expected one each.");
        if (resamples < 1) throw new ArgumentException($"{resamples} resamples make no interval; expected 1 at least.");
        for (var i = 0; i < x.Count; i++)
        {
            if (!(x[i] >= 0 && x[i] <= 1)) throw new ArgumentException($"Win rate {i} is {x[i]}; expected 0 to 1.");
            if (!double.IsFinite(longer[i])) throw new ArgumentException($"Difference {i} in length is {longer[i]}; expected a number.");
        }
        if (x.Count < Least) throw new ArgumentException($"{x.Count} prompts are too few to say what length does; expected {Least} at least.");
        var mean = longer.Average();
        var deviation = Math.Sqrt(longer.Sum(l => (l - mean) * (l - mean)) / (longer.Count - 1));
        if (!(deviation > 0)) throw new ArgumentException("All differences in length are equal, so that nothing tells what length does; expected some that differ.");
        double[] features = [.. longer.Select(l => Math.Tanh(l / deviation))], rates = [.. x];
        var (theta, phi) = Fit(rates, features);
        var random = new Random(seed);
        double[] drawnRates = new double[rates.Length], drawnFeatures = new double[rates.Length], controlled = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            for (var i = 0; i < rates.Length; i++)
            {
                var k = random.Next(rates.Length);
                (drawnRates[i], drawnFeatures[i]) = (rates[k], features[k]);
            }
            controlled[r] = Sigmoid(Fit(drawnRates, drawnFeatures).Theta);
        }
        Array.Sort(controlled);
        return new(x.Average(), Sigmoid(theta), theta, phi, controlled[(int)(0.025 * (resamples - 1))], controlled[(int)Math.Ceiling(0.975 * (resamples - 1))]);
    }

    /// <summary>P of one comparison: D8 of the literature's worked numbers.</summary>
    public static double Probability(double intercept, double lengthCoefficient, double standardizedDifference) => Sigmoid(intercept + lengthCoefficient * Math.Tanh(standardizedDifference));

    // Newton's method of the logistic likelihood; two unknowns.
    static (double Theta, double Phi) Fit(double[] rates, double[] features)
    {
        var (theta, phi) = (0.0, 0.0);
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var (g0, g1, h00, h01, h11) = (-Ridge * theta, -Ridge * phi, Ridge, 0.0, Ridge);
            for (var i = 0; i < rates.Length; i++)
            {
                var p = Sigmoid(theta + phi * features[i]);
                var (error, weight) = (rates[i] - p, p * (1 - p));
                g0 += error;
                g1 += error * features[i];
                h00 += weight;
                h01 += weight * features[i];
                h11 += weight * features[i] * features[i];
            }
            var determinant = h00 * h11 - h01 * h01;
            var (step0, step1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
            // A step too far would overshoot where nearly all rates are 0 or 1.
            var shrink = Math.Min(1, 4 / Math.Max(Math.Abs(step0), Math.Abs(step1)));
            (theta, phi) = (theta + shrink * step0, phi + shrink * step1);
            if (Math.Abs(step0) + Math.Abs(step1) < 1e-10) break;
        }
        return (theta, phi);
    }

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
