using Rlhf.Learning.Randomness;

namespace Rlhf.Learning.Selection;

/// <summary>Points in groups, each near its group's mean: Lloyd's iterations from seeded starts (k-means++, Arthur and Vassilvitskii 2007).</summary>
public static class KMeans
{
    const int MostIterations = 100;

    /// <summary>The cluster of every point, 0 to <paramref name="clusters"/> − 1; equal inputs give equal clusters. A cluster may stay empty where points coincide.</summary>
    /// <param name="points">Vectors of one length, at least one.</param>
    /// <param name="clusters">At least 1; more than there are points are as many as points.</param>
    /// <param name="seed">Draws the starts.</param>
    /// <param name="cancellationToken">Looked at in every iteration.</param>
    public static int[] Of(IReadOnlyList<float[]> points, int clusters, ulong seed, CancellationToken cancellationToken = default)
    {
        if (points.Count == 0 || clusters < 1) throw new ArgumentException($"{points.Count} points are to be put into {clusters} clusters; expected at least one of both.");
        var means = Starts(points, Math.Min(clusters, points.Count), seed);
        var assigned = new int[points.Count];
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var changed = false;
            for (var i = 0; i < points.Count; i++)
            {
                var nearest = Nearest(points[i], means).Index;
                changed |= nearest != assigned[i];
                assigned[i] = nearest;
            }
            if (!changed && iteration > 0) break;
            Move(means, points, assigned);
        }
        return assigned;
    }

    static List<float[]> Starts(IReadOnlyList<float[]> points, int clusters, ulong seed)
    {
        var means = new List<float[]> { points[(int)(CounterRandom.Uniform(seed, 0, 0, 0) * points.Count)] };
        var distances = points.Select(p => Distance(p, means[0])).ToArray();
        while (means.Count < clusters)
        {
            // The next start is a point drawn in proportion to its squared distance from the nearest start so far.
            var left = CounterRandom.Uniform(seed, 0, 0, (uint)means.Count) * distances.Sum();
            var next = 0;
            while (next < points.Count - 1 && (left -= distances[next]) > 0) next++;
            means.Add(points[next]);
            for (var i = 0; i < points.Count; i++) distances[i] = Math.Min(distances[i], Distance(points[i], points[next]));
        }
        return [.. means.Select(m => (float[])m.Clone())];
    }

    static void Move(List<float[]> means, IReadOnlyList<float[]> points, int[] assigned)
    {
        var counts = new int[means.Count];
        var sums = means.Select(m => new double[m.Length]).ToArray();
        for (var i = 0; i < points.Count; i++)
        {
            counts[assigned[i]]++;
            for (var d = 0; d < points[i].Length; d++) sums[assigned[i]][d] += points[i][d];
        }
        for (var k = 0; k < means.Count; k++)
            for (var d = 0; d < means[k].Length && counts[k] > 0; d++) means[k][d] = (float)(sums[k][d] / counts[k]);
    }

    static (int Index, double Distance) Nearest(float[] point, List<float[]> means)
    {
        var best = (Index: 0, Distance: double.PositiveInfinity);
        for (var k = 0; k < means.Count; k++)
            if (Distance(point, means[k]) is var distance && distance < best.Distance) best = (k, distance);
        return best;
    }

    static double Distance(float[] a, float[] b)
    {
        double sum = 0;
        for (var d = 0; d < a.Length; d++) sum += (a[d] - (double)b[d]) * (a[d] - (double)b[d]);
        return sum;
    }
}
