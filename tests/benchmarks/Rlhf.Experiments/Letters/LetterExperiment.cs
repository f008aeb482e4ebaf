using Rlhf.Learning.Evaluation.Overoptimization;
using static Rlhf.Experiments.Figures;

namespace Rlhf.Experiments.Letters;

/// <summary>Best-of-n against reward models of more and more pairs (proof 1 of the laws of over-optimization).</summary>
static class LetterExperiment
{
    public static readonly int[] Pairs = [250, 1000, 4000];

    public static readonly int[] N = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000];

    public const int Pools = 50, PoolSize = 20_000, PoolSeed = 1_000_000;

    static readonly (string Name, LetterGold Gold)[] Worlds = [("too much of a good thing", LetterGold.TooMuch), ("control, linear", LetterGold.Linear)];

    /// <summary>The curve of one reward model: means over independent pools, proxy and gold in deviations of all their strings.</summary>
    static IReadOnlyList<BestOfNPoint> Curve(LetterGold gold, int pairs, int seed, IReadOnlyList<double[][]> pools)
    {
        var model = LetterRewardModel.Train(gold, pairs, seed);
        var (proxies, golds) = (Scaled(pools, model.Score), Scaled(pools, gold.Score));
        return BestOfN.Curve([.. proxies.Zip(golds)], N);
    }

    static List<IReadOnlyList<double>> Scaled(IReadOnlyList<double[][]> pools, Func<double[], double> score)
    {
        List<double[]> scores = [.. pools.Select(p => (double[])[.. p.Select(score)])];
        var scale = ScoreScale.Of([.. scores.SelectMany(s => s)]);
        return [.. scores.Select(pool => (IReadOnlyList<double>)[.. pool.Select(s => (s - scale.Mean) / scale.Deviation)])];
    }

    static List<double[][]> Draw(int seed, int pools) => [.. Enumerable.Range(0, pools).Select(i => LetterStrings.Draw(PoolSize, new Random(seed + i)))];

    /// <summary>All reward-model seeds of both worlds, on the same pools.</summary>
    public static void Write(long[] seeds)
    {
        var pools = Draw(PoolSeed, Pools);
        foreach (var (name, gold) in Worlds)
        {
            var curves = Pairs.ToDictionary(p => p, p => (IReadOnlyList<IReadOnlyList<BestOfNPoint>>)[.. seeds.Select(s => Curve(gold, p, (int)s, pools))]);
            Means(name, curves);
            Peaks(name, seeds, curves);
        }
    }

    /// <summary>Curves of all reward-model seeds, by pairs.</summary>
    static void Means(string world, Dictionary<int, IReadOnlyList<IReadOnlyList<BestOfNPoint>>> curves)
    {
        Console.WriteLine($"\n{world}: gold (proxy, in deviations of its own) of the best of n, means over the reward models with Student's 95 % intervals");
        Head(["n", "KL, nats", .. Pairs.Select(p => $"{p} pairs")]);
        for (var i = 0; i < N.Length; i++)
            Row([$"{N[i]}", Text(BestOfN.Kl(N[i])), .. Pairs.Select(p => $"{Mean([.. curves[p].Select(c => c[i].Gold.Value)], "0.00")} ({Text(curves[p].Average(c => c[i].Proxy.Value), "0.00")})")]);
        foreach (var pairs in Pairs)
        {
            var outcome = LawFitting.Fit(Law.BestOfN, [.. N.Index().Skip(1).Select(n => new GoldPoint(BestOfN.Kl(n.Item), curves[pairs].Average(c => c[n.Index].Gold.Value)))]);
            var rising = curves[pairs].Count(c => c.Zip(c.Skip(1)).All(n => n.Second.Proxy.Value > n.First.Proxy.Value));
            Console.WriteLine(
                $"{pairs} pairs: proxy rises from each n to the next for {rising} of {curves[pairs].Count} reward models; law of the means: "
                + (outcome.Fit is { } fit ? $"α {Text(fit.Curve.Alpha)}, β {Text(fit.Curve.Beta)}, best KL {Text(fit.Curve.BestKl, "0.00")}, R² {Text(fit.R2)}" : outcome.Refused));
        }
    }

    /// <summary>Of each reward model the n of its highest gold, and how far gold has fallen at the last n, which is beyond the pools' noise where its interval is.</summary>
    static void Peaks(string world, long[] seeds, Dictionary<int, IReadOnlyList<IReadOnlyList<BestOfNPoint>>> curves)
    {
        Console.WriteLine($"\n{world}: n of the peak (gold there, gold at n = {N[^1]} with its interval over the pools); a peak at the last n is beyond the range");
        Head(["seed", .. Pairs.Select(p => $"{p} pairs")]);
        foreach (var (row, seed) in seeds.Index())
            Row([$"{seed}", .. Pairs.Select(p => curves[p][row]).Select(c => $"{c.MaxBy(x => x.Gold.Value)!.N} ({Text(c.Max(x => x.Gold.Value), "0.00")}, {Text(c[^1].Gold.Value, "0.00")} [{Text(c[^1].Gold.Lower, "0.00")}, {Text(c[^1].Gold.Upper, "0.00")}])")]);
        foreach (var (few, many) in Pairs.Zip(Pairs.Skip(1)).Append((Pairs[0], Pairs[^1])))
        {
            var signs = seeds.Select((_, row) => Math.Sign(Peak(curves[many][row]) - Peak(curves[few][row]))).ToList();
            Console.WriteLine($"{many} pairs against {few}: the peak is further right for {signs.Count(s => s > 0)}, the same or both beyond for {signs.Count(s => s == 0)}, further left for {signs.Count(s => s < 0)} of {seeds.Length}");
        }
    }

    static int Peak(IReadOnlyList<BestOfNPoint> curve) => curve.MaxBy(p => p.Gold.Value)!.N;
}
