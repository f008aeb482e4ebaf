using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Simulation.Gold;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Simulation.Tests.Labelers;

public sealed class SimulatedLabelersTests
{
    static readonly DateTimeOffset Asked = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    static async Task<IReadOnlyList<Judgement>> JudgeAsync(LabelingRequest request)
    {
        var labelers = new SimulatedLabelers(new FakeTimeProvider(Asked));
        await labelers.AskAsync(request, TestContext.Current.CancellationToken);
        return (await labelers.CollectAsync(request, Asked, TestContext.Current.CancellationToken)).Judgements;
    }

    static double Gold(Question q) => GoldPreference.Score(q.Prompt, q.A) - GoldPreference.Score(q.Prompt, q.B);

    /// <summary>Share of decisive judgements that choose the side with more gold.</summary>
    static double Agreement(IEnumerable<Judgement> judgements, IEnumerable<Question> questions)
    {
        var gold = questions.ToDictionary(q => q.Id, Gold);
        return judgements.Where(j => j.Side != Side.Tie && gold[j.ComparisonId] != 0)
            .Average(j => j.Side == Side.A == gold[j.ComparisonId] > 0 ? 1.0 : 0.0);
    }

    [Fact]
    public void A_question_says_nothing_of_who_wrote_its_sides() =>
        Assert.Equal(["A", "Axis", "B", "Id", "Prompt"], typeof(Question).GetProperties().Select(p => p.Name).Order(StringComparer.Ordinal));

    [Fact]
    public async Task Judgements_follow_from_the_seed()
    {
        var questions = Some.Questions(200);

        var first = await JudgeAsync(Some.Request(questions));

        Assert.Equal(first, await JudgeAsync(Some.Request(questions)));
        Assert.NotEqual(first, await JudgeAsync(Some.Request(questions, seed: 6)));
        Assert.All(first, j => Assert.Equal((true, LabelerKind.Simulated), (j.Simulated, j.Kind)));
    }

    [Fact]
    public async Task A_judgement_does_not_depend_on_the_other_questions()
    {
        var questions = Some.Questions(200);

        var all = await JudgeAsync(Some.Request(questions, judgementsPerQuestion: 2));
        var few = await JudgeAsync(Some.Request([questions[150], questions[20]], judgementsPerQuestion: 2));

        Assert.Equal([.. all.Where(j => j.ComparisonId == "question-150"), .. all.Where(j => j.ComparisonId == "question-20")], few);
    }

    [Fact]
    public async Task Every_judgement_of_a_question_is_another_labelers()
    {
        var judgements = await JudgeAsync(Some.Request(Some.Questions(300), judgementsPerQuestion: 3));

        Assert.Equal(900, judgements.Count);
        Assert.All(judgements.GroupBy(j => j.ComparisonId), g => Assert.Equal(3, g.Select(j => j.Labeler).Distinct().Count()));
        Assert.Equal(["simulated-1", "simulated-2", "simulated-3", "simulated-4", "simulated-5"], judgements.Select(j => j.Labeler).Distinct().Order());
        Assert.All(judgements.CountBy(j => j.Labeler), c => Assert.InRange(c.Value, 120, 240));
    }

    [Fact]
    public async Task With_the_default_settings_they_agree_with_gold_on_at_most_four_in_five()
    {
        var questions = Some.Questions(3000);

        var judgements = await JudgeAsync(Some.Request(questions));

        Assert.InRange(Agreement(judgements, questions), 0.70, 0.80);
        Assert.InRange(judgements.Count(j => j.Side == Side.Tie) / 3000.0, 0.05, 0.15);
    }

    [Fact]
    public async Task The_first_labeler_is_the_most_reliable_and_the_last_the_least()
    {
        var questions = Some.Questions(2000);

        var judgements = await JudgeAsync(Some.Request(questions, judgementsPerQuestion: 3, settings: ("simulatedLabelers", 3)));
        var byLabeler = judgements.GroupBy(j => j.Labeler).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Agreement(g, questions)).ToList();

        Assert.True(byLabeler[0] > byLabeler[1] + 0.02 && byLabeler[1] > byLabeler[2] + 0.02, string.Join(", ", byLabeler));
    }

    [Fact]
    public async Task Without_noise_and_carelessness_they_choose_what_has_more_gold()
    {
        var questions = Some.Questions(300);

        var judgements = await JudgeAsync(Some.Request(
            questions, settings: [("simulatedNoise", 0.0), ("simulatedCareless", 0.0), ("simulatedLengthBias", 0.0), ("simulatedTieWidth", 0.0)]));

        Assert.Equal(1, Agreement(judgements, questions));
    }

    [Fact]
    public async Task A_length_bias_makes_longer_sides_win()
    {
        var questions = Some.Questions(2000);

        async Task<double> LongerWinsAsync(double bias)
        {
            var judgements = await JudgeAsync(Some.Request(questions, settings: [("simulatedLengthBias", bias), ("simulatedNoise", 0.1), ("simulatedTieWidth", 0.1)]));
            return judgements.Zip(questions).Where(p => p.First.Side != Side.Tie && p.Second.A.Length != p.Second.B.Length)
                .Average(p => p.First.Side == Side.A == p.Second.A.Length > p.Second.B.Length ? 1.0 : 0.0);
        }

        Assert.InRange(await LongerWinsAsync(0), 0.45, 0.55);
        Assert.True(await LongerWinsAsync(2) > 0.7);
        Assert.True(await LongerWinsAsync(-2) < 0.3);
    }

    [Fact]
    public async Task Who_is_always_careless_agrees_with_nobody_and_is_quick()
    {
        var questions = Some.Questions(2000);

        var careless = await JudgeAsync(Some.Request(questions, settings: ("simulatedCareless", 1.0)));
        var careful = await JudgeAsync(Some.Request(questions, settings: ("simulatedCareless", 0.0)));

        Assert.InRange(Agreement(careless, questions), 0.46, 0.54);
        Assert.True(careless.Average(j => j.Seconds) < careful.Average(j => j.Seconds) / 2);
    }

    [Fact]
    public async Task Small_differences_are_ties_and_large_ones_strong()
    {
        var questions = Some.Questions(500);
        (string, JsonNode)[] exact = [("simulatedNoise", 0.0), ("simulatedCareless", 0.0), ("simulatedLengthBias", 0.0), ("simulatedTieWidth", 0.1)];

        var judgements = await JudgeAsync(Some.Request(questions, settings: exact));

        Assert.All(judgements.Zip(questions, (j, q) => (j, Size: Math.Abs(Gold(q)))), p => Assert.Equal(
            p.Size switch { < 0.1 => 0, < 0.25 => 1, < 0.55 => 2, _ => 3 }, p.j.Strength));
        Assert.All(judgements, j => Assert.Equal(j.Strength == 0, j.Side == Side.Tie));
    }

    [Fact]
    public async Task Late_answers_are_waited_for()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var time = new FakeTimeProvider(Asked);
        var labelers = new SimulatedLabelers(time);
        var request = Some.Request(Some.Questions(200), settings: [("simulatedLateShare", 0.3), ("simulatedLateSeconds", 60.0)]);

        var early = await labelers.CollectAsync(request, Asked, cancellationToken);
        time.Advance(TimeSpan.FromSeconds(60));
        var late = await labelers.CollectAsync(request, Asked, cancellationToken);

        Assert.InRange(early.Pending, 40, 80);
        Assert.Equal(200, early.Judgements.Count + early.Pending);
        Assert.Equal(Asked.AddSeconds(60), early.NextAnswerAt);
        Assert.Equal((200, 0, null), (late.Judgements.Count, late.Pending, late.NextAnswerAt));
        Assert.Equal(early.Judgements, late.Judgements.Where(j => early.Judgements.Any(e => e.ComparisonId == j.ComparisonId)));
    }

    [Fact]
    public async Task An_answer_is_the_same_whether_it_comes_late_or_at_once()
    {
        var questions = Some.Questions(200);

        var atOnce = await JudgeAsync(Some.Request(questions));
        var late = await JudgeAsync(Some.Request(questions, settings: [("simulatedLateShare", 0.5), ("simulatedLateSeconds", 0.0)]));

        Assert.Equal(atOnce, late);
    }

    [Fact]
    public async Task More_judgements_than_labelers_is_an_error_that_names_both()
    {
        var request = Some.Request(Some.Questions(1), judgementsPerQuestion: 4, settings: ("simulatedLabelers", 3));

        var error = await Assert.ThrowsAsync<ArgumentException>(() => JudgeAsync(request));

        Assert.Contains("'judgementsPerComparison' is 4; expected 1 to 'simulatedLabelers' (3)", error.Message);
    }

    [Fact]
    public async Task An_unknown_setting_is_an_error_that_names_it()
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => JudgeAsync(Some.Request(Some.Questions(1), settings: ("simulatedMood", 1))));

        Assert.Contains("'simulatedMood' is unknown", error.Message);
    }

    [Fact]
    public async Task Collecting_is_cancellable() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new SimulatedLabelers(TimeProvider.System).CollectAsync(
            Some.Request(Some.Questions(1)), Asked, new CancellationToken(canceled: true)));
}
