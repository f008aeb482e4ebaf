namespace Rlhf.Learning.Evaluation.Ratings;

/// <summary>
/// Strengths that explain who won of whom (Bradley and Terry 1952): the first of two wins with p₁/(p₁+p₂). Ties count a half for both. The maximum of the
/// likelihood by Hunter's minorization and maximization (2004), which exists where no group of players won or lost everything against the others (Ford 1957).
/// </summary>
public static class BradleyTerry
{
    const int MostIterations = 100_000;
    const double Precision = 1e-12;

    /// <summary>Strengths of the players, above 0, with sum 1.</summary>
    /// <exception cref="ArgumentException">There are none; the message says why.</exception>
    public static double[] Strengths(int players, IReadOnlyList<Game> games)
    {
        var (won, played) = Tables(players, games);
        return Impossible(won, played, i => $"player {i}") is { } reason ? throw new ArgumentException(reason) : Fit(won, played);
    }

    /// <summary>Why there are no strengths; null where there are.</summary>
    /// <param name="players">How many there are.</param>
    /// <param name="games">What they won of each other.</param>
    /// <param name="name">Of a player, for the reason.</param>
    public static string? Reason(int players, IReadOnlyList<Game> games, Func<int, string> name)
    {
        var (won, played) = Tables(players, games);
        return Impossible(won, played, name);
    }

    /// <summary>
    /// Ratings on the Elo scale, with percentile intervals of the bootstrap: every resample draws as many games as there are, with replacement. A resample
    /// without ratings counts as beyond both ends; so an interval that has no end within the given confidence is null.
    /// </summary>
    /// <param name="players">At least 2.</param>
    /// <param name="games">What they won of each other.</param>
    /// <param name="resamples">At least 1.</param>
    /// <param name="seed">Of the resampling.</param>
    /// <param name="confidence">Above 0, below 1.</param>
    /// <exception cref="ArgumentException">There are no ratings; the message says why.</exception>
    public static (double[] Ratings, IReadOnlyList<(double Lower, double Upper)>? Intervals) Rated(
        int players, IReadOnlyList<Game> games, int resamples, int seed, double confidence = 0.95)
    {
        var ratings = EloScale.Of(Strengths(players, games));
        var random = new Random(seed);
        var ends = new int[games.Count];
        for (var (i, sum) = (0, 0); i < games.Count; i++) ends[i] = sum += games[i].Count;
        var resampled = new List<double[]>();
        for (var r = 0; r < resamples; r++)
        {
            var (won, played) = Tables(players, Drawn(games, ends, random));
            if (Impossible(won, played, _ => "") is null) resampled.Add(EloScale.Of(Fit(won, played)));
        }
        var beyond = (int)((1 - confidence) / 2 * resamples) - (resamples - resampled.Count);
        return (ratings, beyond < 0 ? null : [.. Enumerable.Range(0, players).Select(p => Ends(resampled.Select(r => r[p]), beyond))]);
    }

    static (double Lower, double Upper) Ends(IEnumerable<double> values, int beyond)
    {
        var sorted = values.Order().ToList();
        return (sorted[beyond], sorted[^(beyond + 1)]);
    }

    static IReadOnlyList<Game> Drawn(IReadOnlyList<Game> games, int[] ends, Random random)
    {
        var counts = new int[games.Count];
        for (var i = 0; i < ends[^1]; i++)
        {
            // The first whose end lies beyond what was drawn.
            var found = Array.BinarySearch(ends, random.Next(ends[^1]) + 1);
            counts[found >= 0 ? found : ~found]++;
        }
        return [.. games.Zip(counts, (game, count) => game with { Count = count }).Where(g => g.Count > 0)];
    }

    static (double[,] Won, double[,] Played) Tables(int players, IReadOnlyList<Game> games)
    {
        if (players < 2) throw new ArgumentException($"There are {players} players; expected two at least.");
        var (won, played) = (new double[players, players], new double[players, players]);
        foreach (var (first, second, score, count) in games)
        {
            if (first < 0 || second < 0 || first >= players || second >= players || first == second)
                throw new ArgumentException($"A game is between players {first} and {second}; expected two different ones of 0 to {players - 1}.");
            if (!(score >= 0 && score <= 1) || count < 1) throw new ArgumentException($"A game has the score {score}, {count} times; expected 0 to 1, at least once.");
            won[first, second] += score * count;
            won[second, first] += (1 - score) * count;
            played[first, second] += count;
            played[second, first] += count;
        }
        return (won, played);
    }

    static string? Impossible(double[,] won, double[,] played, Func<int, string> name)
    {
        var players = won.GetLength(0);
        var met = Reached(players, (i, j) => played[i, j] > 0);
        if (met.Contains(false)) return $"{Named(players, i => !met[i], name)} and {Named(players, i => met[i], name)} have not met, not even by way of others";
        var beaten = Reached(players, (i, j) => won[i, j] > 0);
        if (beaten.Contains(false)) return $"{Named(players, i => !beaten[i], name)} won everything against {Named(players, i => beaten[i], name)}";
        var beating = Reached(players, (i, j) => won[j, i] > 0);
        return beating.Contains(false) ? $"{Named(players, i => !beating[i], name)} lost everything against {Named(players, i => beating[i], name)}" : null;
    }

    static string Named(int players, Func<int, bool> which, Func<int, string> name) => string.Join(", ", Enumerable.Range(0, players).Where(which).Select(name));

    /// <summary>Those to whom steps lead from the first.</summary>
    static bool[] Reached(int players, Func<int, int, bool> step)
    {
        var (reached, open) = (new bool[players], new Stack<int>([0]));
        reached[0] = true;
        while (open.TryPop(out var at))
        {
            for (var next = 0; next < players; next++)
            {
                if (reached[next] || !step(at, next)) continue;
                reached[next] = true;
                open.Push(next);
            }
        }
        return reached;
    }

    static double[] Fit(double[,] won, double[,] played)
    {
        var players = won.GetLength(0);
        double[] wins = [.. Enumerable.Range(0, players).Select(i => Enumerable.Range(0, players).Sum(j => won[i, j]))];
        double[] strengths = [.. Enumerable.Repeat(1.0 / players, players)];
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var next = new double[players];
            for (var i = 0; i < players; i++)
            {
                var sum = 0.0;
                for (var j = 0; j < players; j++) sum += played[i, j] / (strengths[i] + strengths[j]);
                next[i] = wins[i] / sum;
            }
            var total = next.Sum();
            var change = 0.0;
            for (var i = 0; i < players; i++) change = Math.Max(change, Math.Abs((next[i] /= total) / strengths[i] - 1));
            strengths = next;
            if (change < Precision) return strengths;
        }
        throw new ArgumentException($"The strengths of {players} players did not settle in {MostIterations} iterations: some of them are too far apart.");
    }
}
