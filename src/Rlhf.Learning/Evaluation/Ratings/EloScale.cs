namespace Rlhf.Learning.Evaluation.Ratings;

/// <summary>The scale of ratings (Elo 1978): 400 more are ten times the odds.</summary>
public static class EloScale
{
    const double Unit = 400;

    /// <summary>What the mean of all players is.</summary>
    public const double Center = 1000;

    /// <summary>How likely the first wins.</summary>
    public static double WinRate(double rating, double other) => 1 / (1 + Math.Pow(10, (other - rating) / Unit));

    /// <summary>Ratings of strengths (odds), with <see cref="Center"/> as their mean.</summary>
    public static double[] Of(IReadOnlyList<double> strengths)
    {
        double[] ratings = [.. strengths.Select(s => Unit * Math.Log10(s))];
        var shift = Center - ratings.Average();
        return [.. ratings.Select(r => r + shift)];
    }
}
