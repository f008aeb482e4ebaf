using Rlhf.Simulation.Gold;
using Rlhf.Steps.Data;

namespace Rlhf.Simulation.Tests.Gold;

/// <summary>What most of the gold depends on is in no bag of words: the same words score differently.</summary>
public sealed class BagOfWordsTests
{
    const string Completion = "She was sad. A friend found the kite. She smiled.";

    static double Gold(string prompt, string completion) => GoldPreference.Score(Turn.User(prompt), completion);

    [Fact]
    public void The_same_sentences_in_another_order_score_less()
    {
        const string prompt = "Mia lost her red kite in the park.";

        var told = Gold(prompt, Completion);
        var turned = Gold(prompt, "She smiled. A friend found the kite. She was sad.");

        Assert.True(told > turned + 0.2, $"{told} against {turned}");
    }

    [Theory]
    [InlineData("Tom lost his red kite in the park.")]
    [InlineData("Mia broke her red kite in the park.")]
    [InlineData("Mia lost her blue cup in the park.")]
    public void The_same_completion_of_another_prompt_scores_less(string other) =>
        Assert.True(Gold("Mia lost her red kite in the park.", Completion) > Gold(other, Completion) + 0.05);

    [Fact]
    public void A_name_is_right_or_wrong_by_the_prompt_alone() =>
        Assert.Equal(
            GoldProperties.Weights.Characters, Gold("Mia lost her red kite.", "Mia was sad.") - Gold("Ana lost her red kite.", "Mia was sad."), 9);

    [Fact]
    public void Most_of_the_weight_lies_on_what_no_bag_of_words_shows()
    {
        var weights = GoldProperties.Weights;

        Assert.InRange(weights.Pronouns + weights.Characters + weights.Resolution + weights.Order, 0.75, 1);
    }

    // A ridge logistic regression on differences of word counts, fitted to simulated judgements: it has all the words and stays near chance.
    [Fact]
    public async Task A_bag_of_words_fitted_to_the_judgements_hardly_predicts_gold()
    {
        var questions = Some.Questions(2500);
        var judgements = (await new SimulatedLabelers(TimeProvider.System).CollectAsync(
            Some.Request(questions), DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken)).Judgements;
        var ids = new Dictionary<string, int>();
        var rows = questions.Select(q => Difference(q.A, q.B, ids)).ToArray();
        var gold = questions.Select(q => GoldPreference.Score(q.Prompt, q.A) - GoldPreference.Score(q.Prompt, q.B)).ToArray();

        var weights = Fit(rows, [.. judgements.Select(j => j.Side)], ids.Count, trainOn: 1500);
        var right = Enumerable.Range(1500, 1000).Where(i => gold[i] != 0).Average(i => Dot(rows[i], weights) > 0 == gold[i] > 0 ? 1.0 : 0.0);

        Assert.InRange(right, 0.5, 0.65);
    }

    static Dictionary<int, double> Difference(string a, string b, Dictionary<string, int> ids)
    {
        var counts = new Dictionary<int, double>();
        foreach (var (text, sign) in new[] { (a, 1), (b, -1) })
        {
            foreach (var word in text.ToLowerInvariant().Split(' ', '.'))
            {
                if (!ids.TryGetValue(word, out var id)) ids[word] = id = ids.Count;
                counts[id] = counts.GetValueOrDefault(id) + sign;
            }
        }
        return counts;
    }

    static double[] Fit(Dictionary<int, double>[] rows, Side[] sides, int words, int trainOn)
    {
        var weights = new double[words];
        for (var iteration = 0; iteration < 300; iteration++)
        {
            var gradient = weights.Select(w => 15 * w).ToArray();
            for (var i = 0; i < trainOn; i++)
            {
                if (sides[i] == Side.Tie) continue;
                var slope = 1 / (1 + Math.Exp(-Dot(rows[i], weights))) - (sides[i] == Side.A ? 1 : 0);
                foreach (var (word, count) in rows[i]) gradient[word] += slope * count;
            }
            for (var k = 0; k < words; k++) weights[k] -= 4e-4 * gradient[k];
        }
        return weights;
    }

    static double Dot(Dictionary<int, double> row, double[] weights) => row.Sum(x => x.Value * weights[x.Key]);
}
