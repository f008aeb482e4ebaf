using System.Text.RegularExpressions;

namespace Rlhf.Learning.Evaluation;

/// <summary>
/// The baseline that a reward model has to beat: logistic regression on differences of word counts, ridge penalty, fitted to the end by
/// accelerated gradient descent. It sees which words a completion has, and neither their order nor the prompt.
/// </summary>
public sealed partial class BagOfWords
{
    readonly Dictionary<string, int> _words = [];
    double[] _weights = [];

    /// <summary>Fits to pairs (better, worse); <paramref name="ridge"/> multiplies half the squared weights, summed over the pairs' loss.</summary>
    public static BagOfWords Fit(IReadOnlyList<(string Better, string Worse)> pairs, double ridge = 1.0, int iterations = 300)
    {
        var model = new BagOfWords();
        foreach (var (better, worse) in pairs)
        {
            foreach (var word in Words(better).Concat(Words(worse))) model._words.TryAdd(word, model._words.Count);
        }
        var rows = pairs.Select(p => model.Difference(p.Better, p.Worse)).ToArray();
        var step = 1 / (ridge + LargestEigenvalue(rows, model._words.Count) / 4); // the logistic loss has curvature at most ¼
        var weights = new double[model._words.Count];
        var previous = weights.ToArray();
        for (var i = 1; i <= iterations; i++)
        {
            var momentum = (i - 1.0) / (i + 2.0);
            var point = weights.Select((w, k) => w + momentum * (w - previous[k])).ToArray();
            var gradient = point.Select(w => ridge * w).ToArray();
            foreach (var row in rows)
            {
                var slope = -1 / (1 + Math.Exp(Dot(row, point)));
                foreach (var (word, count) in row) gradient[word] += slope * count;
            }
            previous = weights;
            weights = point.Select((w, k) => w - step * gradient[k]).ToArray();
        }
        model._weights = weights;
        return model;
    }

    /// <summary>Log-odds that <paramref name="a"/> is the better one; words never seen in training count nothing.</summary>
    public double Margin(string a, string b) => Dot(Difference(a, b), _weights);

    // Of the sum of x·xᵀ over the rows, by power iteration; 5 % are added since the iteration comes from below.
    static double LargestEigenvalue((int Word, int Count)[][] rows, int words)
    {
        // Not a constant start: differences of word counts can be exactly orthogonal to it.
        var vector = Enumerable.Range(1, words).Select(k => Math.Sin(k)).ToArray();
        var norm = 0.0;
        for (var i = 0; i < 30; i++)
        {
            var next = new double[words];
            foreach (var row in rows)
            {
                var product = Dot(row, vector);
                foreach (var (word, count) in row) next[word] += product * count;
            }
            norm = Math.Sqrt(next.Sum(v => v * v));
            if (norm == 0) return 0;
            vector = [.. next.Select(v => v / norm)];
        }
        return 1.05 * norm;
    }

    (int Word, int Count)[] Difference(string a, string b)
    {
        var counts = new Dictionary<int, int>();
        foreach (var word in Words(a)) if (_words.TryGetValue(word, out var id)) counts[id] = counts.GetValueOrDefault(id) + 1;
        foreach (var word in Words(b)) if (_words.TryGetValue(word, out var id)) counts[id] = counts.GetValueOrDefault(id) - 1;
        return [.. counts.Where(c => c.Value != 0).Select(c => (c.Key, c.Value))];
    }

    static double Dot((int Word, int Count)[] row, double[] weights)
    {
        var sum = 0.0;
        foreach (var (word, count) in row) sum += weights[word] * count;
        return sum;
    }

    /// <summary>Runs of letters, digits and apostrophes, in lower case, in the text's order.</summary>
    public static IEnumerable<string> Words(string text) => WordForm().Matches(text.ToLowerInvariant()).Select(m => m.Value);

    [GeneratedRegex(@"[\p{L}\p{N}']+")]
    private static partial Regex WordForm();
}
