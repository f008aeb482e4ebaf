namespace Rlhf.Learning.Selection;

/// <summary>Points as seen from where they spread most: the first two principal components, for a picture.</summary>
public static class PrincipalPlane
{
    const int Iterations = 50;

    /// <summary>Two coordinates of every point; equal inputs give equal coordinates.</summary>
    /// <param name="points">Vectors of one length, at least one.</param>
    public static (double X, double Y)[] Of(IReadOnlyList<float[]> points)
    {
        var width = points[0].Length;
        var mean = Enumerable.Range(0, width).Select(d => points.Average(p => (double)p[d])).ToArray();
        var centered = points.Select(p => p.Select((x, d) => x - mean[d]).ToArray()).ToList();
        var first = Direction(centered, null);
        var second = Direction(centered, first);
        return [.. centered.Select(p => (Dot(p, first), Dot(p, second)))];
    }

    /// <summary>The direction of most variance, orthogonal to another: power iterations on the covariance, which is never formed.</summary>
    static double[] Direction(List<double[]> points, double[]? orthogonal)
    {
        var direction = Enumerable.Range(0, points[0].Length).Select(d => Math.Cos(d + (orthogonal is null ? 0.0 : 1.0))).ToArray();
        for (var i = 0; i < Iterations; i++)
        {
            var next = new double[direction.Length];
            foreach (var point in points)
            {
                var along = Dot(point, direction);
                for (var d = 0; d < next.Length; d++) next[d] += along * point[d];
            }
            if (orthogonal is not null)
            {
                var along = Dot(next, orthogonal);
                for (var d = 0; d < next.Length; d++) next[d] -= along * orthogonal[d];
            }
            var length = Math.Sqrt(Dot(next, next));
            if (length < 1e-12) break; // no variance is left: any direction shows it
            direction = [.. next.Select(x => x / length)];
        }
        return direction;
    }

    static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (var d = 0; d < a.Length; d++) sum += a[d] * b[d];
        return sum;
    }
}
