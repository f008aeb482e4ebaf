using Rlhf.Learning.Evaluation;

namespace Rlhf.Learning.Tests.Evaluation;

public sealed class DawidSkeneTests
{
    /// <summary>Table 1 of Dawid and Skene (1979): a patient each; the first observer judged three times, the four others once.</summary>
    static readonly string[] Anesthetists =
    [
        "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223", "2322223", "4444444", "2223343", "1111111", "2223212", "1211111",
        "1112111", "1111111", "1111111", "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222", "1111111", "1111111", "1121121",
        "1111111", "3333233", "1111111", "2222222", "2223232", "4334343", "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
    ];

    [Fact] // The paper's marginals; the error rates are those of an implementation of its equations in another language.
    public void The_anesthetists_of_the_paper_have_its_estimates()
    {
        var judgements = Anesthetists.SelectMany((row, item) => row.Select((said, i) => (item, Math.Max(0, i - 2), said - '1'))).ToList();

        var fit = DawidSkene.Fit(judgements, 4);

        Assert.Equal([.40, .42, .11, .07], fit.Prior.Select(p => Math.Round(p, 2)));
        Assert.Equal([.89, .11, 0, 0, .07, .88, .05, 0, 0, .34, .66, 0, 0, 0, .56, .44], fit.ErrorRates[0].Cast<double>().Select(p => Math.Round(p, 2)));
        Assert.Equal([.83, .17, 0, 0, .05, .63, .31, 0, 0, 0, 1, 0, 0, 0, 0, 1], fit.ErrorRates[1].Cast<double>().Select(p => Math.Round(p, 2)));
        Assert.Equal(1, fit.Probabilities[2][1], 1e-6);
        Assert.All(fit.Probabilities, p => Assert.Equal(1, p.Sum(), 1e-9));
    }

    // 20 labelers, 200 judgements each, reliabilities from 0.6 to 0.95. Who errs says the opposite, a tie in part, or any other answer where ties may be true.
    [Theory]
    [InlineData(5, 0, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(5, 0, .3)]
    [InlineData(10, 0, .3)]
    [InlineData(5, .15, .5)]
    [InlineData(10, .15, .5)]
    public void Reliabilities_are_found_without_the_truth_and_the_consensus_beats_the_majority(int labelersPerItem, double ties, double saidTies)
    {
        var worlds = Enumerable.Range(1, 10).Select(seed => Simulated.Of(seed, labelersPerItem, ties, saidTies)).ToList();

        Assert.All(worlds, w => Assert.True(w.Correlation > .9, $"{w.Correlation:0.000}"));
        Assert.True(worlds.Average(w => w.Consensus) > worlds.Average(w => w.Majority));
        Assert.InRange(worlds.Count(w => w.Consensus > w.Majority), 7, 10);
    }

    // There the estimate is at its limit: single worlds stay below 0.9, or below the majority.
    [Theory]
    [InlineData(0)]
    [InlineData(.3)]
    public void With_three_labelers_an_item_reliabilities_are_found_on_average(double saidTies)
    {
        var worlds = Enumerable.Range(1, 10).Select(seed => Simulated.Of(seed, 3, ties: 0, saidTies)).ToList();

        Assert.InRange(worlds.Average(w => w.Correlation), .9, 1);
        Assert.True(worlds.Average(w => w.Consensus) > worlds.Average(w => w.Majority));
        Assert.InRange(worlds.Count(w => w.Consensus > w.Majority), 7, 10);
    }

    [Fact]
    public void Who_says_the_opposite_of_all_others_is_found_out()
    {
        var judgements = Enumerable.Range(0, 60).SelectMany(i => Enumerable.Range(0, 4).Select(l => (i, l, l == 3 ? 2 - i % 2 * 2 : i % 2 * 2))).ToList();

        var fit = DawidSkene.FitMirrored(judgements, 3, knownBefore: 10);

        Assert.All(fit.Abilities.Take(3), a => Assert.True(a > .9));
        Assert.True(fit.Abilities[3] < .15);
    }

    [Fact]
    public void What_is_no_judgement_is_refused()
    {
        Assert.Throws<ArgumentException>(() => DawidSkene.Fit([], 3));
        Assert.Contains("(0, 0, 3)", Assert.Throws<ArgumentException>(() => DawidSkene.Fit([(0, 0, 3)], 3)).Message);
        Assert.Throws<ArgumentException>(() => DawidSkene.FitMirrored([(0, 0, 0)], 3, -1));
    }

    /// <param name="Correlation">Of estimated and true reliabilities.</param>
    /// <param name="Consensus">Share of items on which the most probable category is true.</param>
    /// <param name="Majority">The same of the most frequent one, drawn where several are.</param>
    sealed record Simulated(double Correlation, double Consensus, double Majority)
    {
        const int Labelers = 20, Each = 200;

        public static Simulated Of(int seed, int labelersPerItem, double ties, double saidTies)
        {
            var random = new Random(seed);
            var truth = Enumerable.Range(0, Labelers * Each / labelersPerItem).Select(_ => random.NextDouble() < ties ? 1 : random.Next(2) * 2).ToArray();
            var reliability = Enumerable.Range(0, Labelers).Select(i => .6 + .35 * i / (Labelers - 1)).ToArray();
            var judgements = Judgements(random, truth, reliability, labelersPerItem, saidTies);
            var fit = DawidSkene.FitMirrored(judgements, 3, knownBefore: 10);
            return new(
                Correlated(fit.Abilities, reliability), truth.Select((t, i) => fit.Probabilities[i][t] >= fit.Probabilities[i].Max() ? 1.0 : 0).Average(),
                judgements.GroupBy(j => j.Item).Average(g => Right([.. g.Select(j => j.Category)], truth[g.Key])));
        }

        // Each item goes to those who have judged least so far.
        static List<(int Item, int Labeler, int Category)> Judgements(Random random, int[] truth, double[] reliability, int labelersPerItem, double saidTies)
        {
            var left = Enumerable.Repeat(Each, Labelers).ToArray();
            var judgements = new List<(int, int, int)>();
            for (var item = 0; item < truth.Length; item++)
            {
                foreach (var labeler in Enumerable.Range(0, Labelers).OrderByDescending(l => left[l] + random.NextDouble()).Take(labelersPerItem).ToList())
                {
                    left[labeler]--;
                    var isRight = random.NextDouble() < reliability[labeler];
                    judgements.Add((item, labeler, isRight ? truth[item] : truth[item] == 1 ? 2 * random.Next(2) : random.NextDouble() < saidTies ? 1 : 2 - truth[item]));
                }
            }
            return judgements;
        }

        static double Right(IReadOnlyList<int> said, int truth)
        {
            var counts = said.CountBy(c => c).ToDictionary();
            var most = counts.Values.Max();
            return counts.GetValueOrDefault(truth) == most ? 1.0 / counts.Values.Count(c => c == most) : 0;
        }

        static double Correlated(IReadOnlyList<double> x, IReadOnlyList<double> y)
        {
            var (meanX, meanY) = (x.Average(), y.Average());
            return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / Math.Sqrt(x.Sum(a => (a - meanX) * (a - meanX)) * y.Sum(b => (b - meanY) * (b - meanY)));
        }
    }
}
