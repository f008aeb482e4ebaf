using Microsoft.Extensions.Time.Testing;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Scoring;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Tests.Scoring;

public sealed class RewardServingTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    ArtifactRef Artifact => ArtifactRef.Parse(round.RewardModel);

    // With all threads: other tests of this process, which compute at the same time, compare bits.
    Task<RewardServing> Serve(TestRun run, ServingOptions? options = null, Func<ArtifactRef>? meaning = null, List<string>? log = null, ServingMeter? meter = null, TimeProvider? time = null) => RewardServing.OpenAsync(
        [new("rm", meaning is null ? round.RewardModel : "reward-model@latest")], run.Objects, (_, _) => Task.FromResult(meaning?.Invoke() ?? Artifact),
        (options ?? new()) with { PassThreads = ServingOptions.MostPassThreads }, time ?? TimeProvider.System, meter ?? new ServingMeter(), line => log?.Add(line), Token);

    static TextToScore Text(int i) => new TextToScore.Answered(Turn.User($"Prompt {i % 7} says"), " " + string.Concat(Enumerable.Repeat("cat and dog ", 1 + i % 5)) + i);

    /// <summary>Scores of the model itself, each text alone.</summary>
    async Task<float[]> Alone(TestRun run, IEnumerable<TextToScore> texts, bool inTiles = false)
    {
        var members = await run.Artifacts.LoadRewardModelsAsync(Artifact, Token);
        using var model = Assert.Single(members);
        return [.. texts.Cast<TextToScore.Answered>().Select(t => model.Encode(t.Prompt[0].Text, t.Completion)).Select(t => inTiles ? model.ScoreInTiles([t], Token)[0] : model.Score([t], 1, Token)[0])];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Served_scores_are_the_models_own_in_any_company_and_bit_for_bit_in_deterministic_mode(bool deterministic)
    {
        using var run = new TestRun(round.Folder);
        await using var serving = await Serve(run);
        TextToScore[] texts = [.. Enumerable.Range(0, 200).Select(Text)];
        var expected = await Alone(run, texts, deterministic);

        // Requests of one, of many and of all texts, all at once.
        var all = Enumerable.Range(0, texts.Length).ToArray();
        int[][] asked = [.. all.Select(i => (int[])[i]), .. all.Chunk(13).Select(places => (int[])[.. Enumerable.Reverse(places)]), all];
        var answers = await Task.WhenAll(asked.Select(places => serving.ScoreAsync(new("rm", [.. places.Select(i => texts[i])]) { Deterministic = deterministic }, Token)));

        foreach (var (answer, places) in answers.Zip(asked))
        {
            Assert.Equal(Artifact, answer.Model);
            foreach (var (score, place) in answer.Scores.Zip(places))
            {
                if (deterministic) Assert.Equal(expected[place], score.Score);
                else Assert.Equal(expected[place], score.Score, 1e-5f);
            }
        }
    }

    [Fact]
    public async Task Completions_of_one_prompt_score_as_they_do_alone_while_its_tokens_are_computed_once()
    {
        using var run = new TestRun(round.Folder);
        using var meter = new ServingMeter();
        using var shared = new Counted(meter.Shared);
        await using var serving = await Serve(run, meter: meter);
        var prompt = string.Concat(Enumerable.Repeat("the cat saw the dog ", 4));
        TextToScore[] texts = [.. Enumerable.Range(0, 12).Select(i => new TextToScore.Answered(Turn.User(i < 6 ? prompt : prompt + "?"), $" a{i}"))];

        var answer = await serving.ScoreAsync(new("rm", texts), Token);

        Assert.All(answer.Scores.Zip(await Alone(run, texts)), s => Assert.Equal(s.Second, s.First.Score, 1e-5f));
        Assert.True(shared.Sum > 0, "No token was shared.");
        var before = shared.Sum;
        await serving.ScoreAsync(new("rm", texts) { Deterministic = true }, Token);
        await serving.ScoreAsync(new("rm", texts) { PerToken = true }, Token);
        Assert.Equal(before, shared.Sum);
    }

    [Fact]
    public async Task An_answer_says_what_was_read_and_what_was_cut()
    {
        using var run = new TestRun(round.Folder);
        await using var serving = await Serve(run);
        var context = serving.Models[0].ContextLength;

        var answer = await serving.ScoreAsync(new("rm", [Text(1), new TextToScore.Answered(Turn.User("Long."), string.Concat(Enumerable.Repeat(" word", 400)))]) { PerToken = true }, Token);

        Assert.False(answer.Scores[0].Truncated);
        Assert.True(answer.Scores[1].Truncated);
        Assert.Equal(context, answer.Scores[1].Tokens);
        Assert.All(answer.Scores, s => Assert.Equal(s.CompletionTokens, s.TokenScores!.Count));
        Assert.All(answer.Scores, s => Assert.Equal(s.Score, s.TokenScores![^1]));
        Assert.All(answer.Scores, s => Assert.Equal([s.Score], s.Members));
    }

    [Fact]
    public async Task Scores_at_tokens_are_those_of_the_text_up_to_there()
    {
        using var run = new TestRun(round.Folder);
        await using var serving = await Serve(run);
        int[] ids = [1, 5, 9, 14, 30, 31, 32, 2];

        var whole = (await serving.ScoreAsync(new("rm", [new TextToScore.Tokens(ids, 3)]) { PerToken = true }, Token)).Scores[0];
        var shorter = (await serving.ScoreAsync(new("rm", [.. Enumerable.Range(4, 5).Select(n => new TextToScore.Tokens(ids[..n], 3))]), Token)).Scores;

        Assert.All(whole.TokenScores!.Zip(shorter), p => Assert.Equal(p.Second.Score, p.First, 1e-4f));
    }

    [Fact]
    public async Task What_cannot_be_scored_is_refused_and_others_are_not_disturbed()
    {
        using var run = new TestRun(round.Folder);
        await using var serving = await Serve(run, new() { LongestText = 1000 });

        var good = serving.ScoreAsync(new("rm", [Text(1)]), Token);
        await Refuses(ScoringRefusal.Unscorable, "empty", new TextToScore.Answered(Turn.User("x"), ""));
        await Refuses(ScoringRefusal.Unscorable, "1001 characters", new TextToScore.Answered(Turn.User("x"), new('y', 1000)));
        await Refuses(ScoringRefusal.Unscorable, "the token 100000", new TextToScore.Tokens([1, 100_000], 1));
        await Refuses(ScoringRefusal.Unscorable, "the token -1", new TextToScore.Tokens([1, -1], 1));
        await Refuses(ScoringRefusal.Unscorable, "at least one token of a completion", new TextToScore.Tokens([1, 5], 2));
        await Refuses(ScoringRefusal.Unscorable, "expected at most the context", new TextToScore.Tokens([.. Enumerable.Repeat(5, 5000)], 1));
        await Refuses(ScoringRefusal.Unscorable, "takes one user turn", new TextToScore.Answered([new("system", "a"), new("user", "b")], "c"));
        await Refuses(ScoringRefusal.Unscorable, "A text is empty", new TextToScore.Written("", null));
        var unknown = await Assert.ThrowsAsync<ScoringRefusedException>(() => serving.ScoreAsync(new("other", [Text(1)]), Token));

        Assert.Equal((ScoringRefusal.UnknownModel, true), (unknown.Reason, unknown.Message.Contains("'other' is not served here; served are rm (", StringComparison.Ordinal)));
        Assert.Single((await good).Scores);

        async Task Refuses(ScoringRefusal reason, string sentence, TextToScore text)
        {
            var refused = await Assert.ThrowsAsync<ScoringRefusedException>(() => serving.ScoreAsync(new("rm", [text]), Token));
            Assert.Equal(reason, refused.Reason);
            Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Beyond_what_may_wait_a_request_is_refused_with_a_time_and_those_before_it_are_answered()
    {
        using var run = new TestRun(round.Folder);
        await using var serving = await Serve(run, new() { QueueTokens = 300, LongestDelay = TimeSpan.FromSeconds(1), TokenBudget = 100_000 });

        var asked = Enumerable.Range(0, 60).Select(i => serving.ScoreAsync(new("rm", [Text(i)]), Token)).ToList();
        var busy = new List<ScoringRefusedException>();
        foreach (var one in asked)
        {
            try
            {
                Assert.Single((await one).Scores);
            }
            catch (ScoringRefusedException e)
            {
                busy.Add(e);
            }
        }

        Assert.InRange(busy.Count, 1, 59);
        Assert.All(busy, e => Assert.Equal((ScoringRefusal.Busy, true), (e.Reason, e.RetryAfter >= TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public async Task Work_whose_deadline_passed_or_whose_asker_is_gone_is_not_done()
    {
        using var run = new TestRun(round.Folder);
        using var meter = new ServingMeter();
        using var computed = new Counted(meter.Texts);
        await using var serving = await Serve(run, new() { LongestDelay = TimeSpan.FromSeconds(3), TokenBudget = 100_000 }, meter: meter);
        using var gone = new CancellationTokenSource();

        var late = serving.ScoreAsync(new("rm", [Text(1)]) { Within = TimeSpan.FromMilliseconds(50) }, Token);
        var left = serving.ScoreAsync(new("rm", [Text(2)]), gone.Token);
        var kept = serving.ScoreAsync(new("rm", [Text(3)]), Token);
        await gone.CancelAsync();

        Assert.Equal(ScoringRefusal.TooLate, (await Assert.ThrowsAsync<ScoringRefusedException>(() => late)).Reason);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Single((await kept).Scores);
        Assert.Equal(1, computed.Sum);
    }

    [Fact]
    public async Task A_name_that_moves_on_is_followed_while_requests_go_on_and_the_old_hash_is_still_answered()
    {
        using var run = new TestRun(round.Folder);
        var other = ArtifactRef.Parse((await run.Completes("TrainRewardModel", round.Values("TrainRewardModel", seed: 2)))["rewardModel"]!.GetValue<string>());
        var meaning = Artifact;
        var time = new FakeTimeProvider();
        await using var serving = await Serve(run, new() { Retire = TimeSpan.FromMinutes(1), LongestDelay = TimeSpan.Zero }, () => meaning, time: time);
        var asking = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var models = new List<ArtifactRef>();
            while (models.Count(m => m == other) < 3) models.Add((await serving.ScoreAsync(new("rm", [Text(models.Count)]), Token)).Model);
            return models;
        }, Token)).ToList();

        meaning = other;
        await serving.LookAsync(Token);
        Assert.Equal(Artifact, (await serving.ScoreAsync(new(round.RewardModel, [Text(1)]), Token)).Model);
        var answered = await Task.WhenAll(asking).WaitAsync(TimeSpan.FromMinutes(1), Token);
        time.Advance(TimeSpan.FromMinutes(2));
        await serving.LookAsync(Token);

        // Every request was answered, first by the old one and from some moment on by the new one.
        Assert.All(answered, models => Assert.Equal(models.OrderBy(m => m == other), models));
        Assert.Equal(ScoringRefusal.UnknownModel, (await Assert.ThrowsAsync<ScoringRefusedException>(() => serving.ScoreAsync(new(round.RewardModel, [Text(1)]), Token))).Reason);
    }

    [Fact]
    public async Task On_demand_a_model_is_loaded_when_its_hash_is_asked_for_and_the_least_recent_makes_room()
    {
        using var run = new TestRun(round.Folder);
        var other = ArtifactRef.Parse((await run.Completes("TrainRewardModel", round.Values("TrainRewardModel", seed: 2)))["rewardModel"]!.GetValue<string>());
        await using var serving = await RewardServing.OpenAsync([], run.Objects, (_, _) => Task.FromResult(Artifact), new() { OnDemand = 1, PassThreads = ServingOptions.MostPassThreads }, TimeProvider.System, new ServingMeter(), _ => { }, Token);

        foreach (var model in new[] { Artifact, other, Artifact, Artifact })
            Assert.Equal(model, (await serving.ScoreAsync(new($"{model}", [Text(1)]), Token)).Model);

        foreach (var none in new[] { $"reward-model/{new string('0', 64)}", round.Policy, "reward-model@latest", "" })
            Assert.Equal(ScoringRefusal.UnknownModel, (await Assert.ThrowsAsync<ScoringRefusedException>(() => serving.ScoreAsync(new(none, [Text(1)]), Token))).Reason);
    }

    [Fact]
    public async Task A_name_that_comes_to_mean_what_cannot_be_loaded_stays_as_it_is()
    {
        using var run = new TestRun(round.Folder);
        var meaning = Artifact;
        var log = new List<string>();
        await using var serving = await Serve(run, null, () => meaning, log);

        meaning = ArtifactRef.Parse(round.Policy);
        await serving.LookAsync(Token);

        Assert.Equal(Artifact, (await serving.ScoreAsync(new("", [Text(1)]), Token)).Model);
        Assert.Contains(log, line => line.StartsWith("rm stays as it is:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_shorter_type_is_used_where_it_keeps_the_order_and_refused_where_it_does_not()
    {
        using var run = new TestRun(round.Folder);
        var members = await run.Artifacts.LoadRewardModelsAsync(Artifact, Token);
        using var model = Assert.Single(members);
        using var shorter = model.To(TorchSharp.torch.ScalarType.BFloat16);
        var tau = Precisions.Tau(model, shorter);

        // Whichever it is with this model: the check decides, and by nothing else.
        var log = new List<string>();
        if (tau >= Precisions.LeastTau)
        {
            await using var serving = await Serve(run, new() { Precision = Precision.BFloat16 });
            Assert.Equal("bfloat16", serving.Models[0].Precision);
        }
        else Assert.Contains($"a Kendall tau of {tau:0.0000}", (await Assert.ThrowsAsync<InvalidDataException>(() => Serve(run, new() { Precision = Precision.BFloat16 }))).Message, StringComparison.Ordinal);
        Assert.InRange(tau, 0.9, 0.99999);

        // Weights so small that the shorter type of them is nothing.
        using (TorchSharp.torch.no_grad()) model.Model.Parameters.Flat.mul_(Learning.Native.Scalars.Number(1e-7));
        var tiny = await run.Artifacts.PutRewardModelsAsync([model], new(1, 1, 10), Token);
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Serve(run, new() { Precision = Precision.Float16 }, () => tiny));
        Assert.Contains("expected at least 0.99", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Weights_that_are_no_numbers_are_refused_when_they_are_loaded()
    {
        using var run = new TestRun(round.Folder);
        var members = await run.Artifacts.LoadRewardModelsAsync(Artifact, Token);
        using var model = Assert.Single(members);
        using (TorchSharp.torch.no_grad()) model.Model.Parameters.Flat.fill_(Learning.Native.Scalars.Number(double.NaN));
        var damaged = await run.Artifacts.PutRewardModelsAsync([model], new(1, 1, 10), Token);

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Serve(run, null, () => damaged));

        Assert.Contains("expected finite numbers", refused.Message, StringComparison.Ordinal);
    }
}
