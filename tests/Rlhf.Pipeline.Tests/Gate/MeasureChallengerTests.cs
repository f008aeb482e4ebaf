using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Tests.Gate;

/// <summary>A tiny champion, which is the reference policy, a champion trained a little, and a challenger trained more; and what the two wrote.</summary>
public sealed class TrainedPolicies : IAsyncLifetime
{
    internal const int Prompts = 9;

    readonly SmallRound _round = new();

    internal string Folder => _round.Folder;

    internal ArtifactRef Reference { get; private set; } = null!;

    internal ArtifactRef Champion { get; private set; } = null!;

    internal ArtifactRef Challenger { get; private set; } = null!;

    internal ArtifactRef RewardModel => ArtifactRef.Parse(_round.RewardModel);

    internal ArtifactRef Comparisons { get; private set; } = null!;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _round.InitializeAsync();
        using var run = new TestRun(_round.Folder);
        Reference = ArtifactRef.Parse(_round.Policy);
        Champion = await TrainedAsync(run, _round.Policy, seed: 21);
        Challenger = await TrainedAsync(run, $"{Champion}", seed: 22);
        var values = _round.Values("SampleEvaluation", seed: 23);
        (values["champion"], values["challenger"], values["comparisons"], values["maxNewTokens"]) = ($"{Champion}", $"{Challenger}", Prompts, 24);
        Comparisons = ArtifactRef.Parse($"{(await run.Completes("SampleEvaluation", values))["comparisons"]}");
        foreach (var file in Directory.GetFiles(run.Folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(_round.Folder, Path.GetRelativePath(run.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }

    async Task<ArtifactRef> TrainedAsync(TestRun run, string policy, long seed)
    {
        var values = _round.Values("TrainPolicy", seed);
        (values["policy"], values["learningRate"]) = (policy, 0.01);
        return ArtifactRef.Parse($"{(await run.Completes("TrainPolicy", values))["policy"]}");
    }

    internal JsonObject Values(params (string Name, JsonNode Value)[] more)
    {
        JsonObject values = new()
        {
            ["champion"] = $"{Champion}",
            ["challenger"] = $"{Challenger}",
            ["reference"] = $"{Reference}",
            ["rewardModel"] = $"{RewardModel}",
            ["comparisons"] = $"{Comparisons}",
        };
        foreach (var (name, value) in more) values[name] = value;
        return values;
    }

    internal static async Task<ChallengerMeasures> Measures(TestRun run, JsonObject values) =>
        await run.Artifacts.ReadJsonAsync<ChallengerMeasures>(ArtifactRef.Parse($"{(await run.Completes("MeasureChallenger", values))["measures"]}"), ChallengerMeasures.File, Token);

    public ValueTask DisposeAsync() => _round.DisposeAsync();
}

public sealed class MeasureChallengerTests(TrainedPolicies policies) : IClassFixture<TrainedPolicies>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Figures_are_those_that_one_completion_after_the_other_one_token_after_the_other_gives()
    {
        using var run = new TestRun(policies.Folder);
        var measures = await TrainedPolicies.Measures(run, policies.Values(("temperature", 0.8)));

        var sides = (await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token)).Select(c => (c.Prompt, Champion: c.A.Sample == 0 ? c.A : c.B, Challenger: c.A.Sample == 0 ? c.B : c.A)).ToList();
        using var reference = await run.Artifacts.LoadPolicyAsync(policies.Reference, trainable: false, Token);
        using var champion = await run.Artifacts.LoadPolicyAsync(policies.Champion, trainable: false, Token);
        using var challenger = await run.Artifacts.LoadPolicyAsync(policies.Challenger, trainable: false, Token);
        var rewardModels = await run.Artifacts.LoadRewardModelsAsync(policies.RewardModel, Token);
        Assert.Equal((TrainedPolicies.Prompts, 0.8), (measures.Prompts, measures.Temperature));
        foreach (var (figures, policy, written) in new[]
                 {
                     (measures.ChampionFigures, champion, sides.Select(s => (s.Prompt, Completion: s.Champion)).ToList()),
                     (measures.ChallengerFigures, challenger, sides.Select(s => (s.Prompt, Completion: s.Challenger)).ToList()),
                 })
        {
            double[] kl = [.. written.Select(w => Logprob(policy, w.Prompt, w.Completion, 0.8) - Logprob(reference, w.Prompt, w.Completion, 0.8))];
            var scores = written.Select(w => rewardModels.Average(m => m.Score([m.Encode(w.Prompt.Chat(), w.Completion.Text)], 1, Token)[0]));
            Assert.Equal(kl.Average(), figures.Kl, 1e-4);
            Assert.Equal(Math.Sqrt(kl.Sum(k => Math.Pow(k - kl.Average(), 2)) / 8 / 9), figures.KlStandardError!.Value, 1e-4);
            Assert.Equal(scores.Average(), figures.Proxy, 1e-4);
            Assert.Equal(written.Average(w => w.Completion.Text.Length), figures.Characters);
            Assert.Equal(written.Average(w => w.Completion.Tokens), figures.Tokens);
            Assert.Equal(written.Count(w => w.Completion.Finished) / 9.0, figures.Finished);
            Assert.Equal(0, figures.Refusals);
        }
        Assert.NotEqual(0, measures.ChallengerFigures.Kl, 1e-3);
        Assert.NotEqual(measures.ChampionFigures.LanguageLoss, measures.ChallengerFigures.LanguageLoss, 1e-3);
        foreach (var model in rewardModels) model.Dispose();
    }

    [Fact]
    public async Task Of_the_first_prompts_every_token_has_its_part_of_the_kl_and_the_texts_are_the_completions()
    {
        using var run = new TestRun(policies.Folder);
        var made = ArtifactRef.Parse($"{(await run.Completes("MeasureChallenger", policies.Values(("temperature", 0.8))))["measures"]}");
        var samples = await run.Artifacts.ReadLinesAsync<TokenSample>(made, TokenSample.File, Token);

        var comparisons = await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token);
        using var reference = await run.Artifacts.LoadPolicyAsync(policies.Reference, trainable: false, Token);
        using var champion = await run.Artifacts.LoadPolicyAsync(policies.Champion, trainable: false, Token);
        using var challenger = await run.Artifacts.LoadPolicyAsync(policies.Challenger, trainable: false, Token);
        Assert.Equal(comparisons.Take(8).Select(c => c.PromptId), samples.Select(s => s.PromptId));
        foreach (var (comparison, sample) in comparisons.Zip(samples))
        {
            var (first, second) = comparison.A.Sample == 0 ? (comparison.A, comparison.B) : (comparison.B, comparison.A);
            foreach (var (policy, completion, tokens) in new[] { (champion, first, sample.Champion), (challenger, second, sample.Challenger) })
            {
                var kl = Logprob(policy, comparison.Prompt, completion, 0.8) - Logprob(reference, comparison.Prompt, completion, 0.8);
                Assert.Equal(kl, tokens.Sum(t => t.Kl), 1e-3);
                Assert.EndsWith(string.Concat(tokens.Select(t => t.Text)).TrimEnd('\ufffd'), completion.Text.TrimEnd('\ufffd'), StringComparison.Ordinal);
                Assert.True(tokens.Sum(t => t.Tokens) >= tokens.Count);
            }
        }
        Assert.Contains(samples.SelectMany(s => s.Challenger), t => Math.Abs(t.Kl) > 1e-3);
    }

    [Fact]
    public async Task Held_out_text_that_is_given_is_read_as_a_whole_by_champion_challenger_and_reference()
    {
        using var run = new TestRun(policies.Folder);
        string[] held = ["One day a fox saw a red ball.", "The bird was sad. It could not fly."];
        var texts = await run.Put("texts", ("held-out.txt", string.Join('\n', held)));

        var measures = await TrainedPolicies.Measures(run, policies.Values(("texts", $"{texts}"), ("temperature", 0.5)));

        foreach (var (artifact, loss) in new[]
                 {
                     (policies.Reference, measures.ReferenceLanguageLoss), (policies.Champion, measures.ChampionFigures.LanguageLoss), (policies.Challenger, measures.ChallengerFigures.LanguageLoss),
                 })
        {
            using var policy = await run.Artifacts.LoadPolicyAsync(artifact, trainable: false, Token);
            int[][] tokens = [.. held.Select(t => (int[])[.. policy.Tokenizer.Begin, .. policy.Tokenizer.Encode(t), policy.Tokenizer.EosId])];
            Assert.Equal(-tokens.Sum(t => Logprob(policy.Model, t, 1, 1)) / tokens.Sum(t => t.Length - 1), loss, 1e-4);
            Assert.Equal(new LanguageText(texts, 2, tokens.Sum(t => t.Length - 1)), measures.LanguageText);
        }
    }

    [Fact]
    public async Task Without_text_the_loss_is_on_what_the_reference_policy_writes_to_the_held_out_prompts_in_every_round_the_same()
    {
        using var run = new TestRun(policies.Folder);
        var measures = await TrainedPolicies.Measures(run, policies.Values());
        // Another round, whose champion is this one's challenger; the prompts are the same, and what is written to them another.
        var turned = (await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token)).Select(c => c with { A = c.A with { Source = c.B.Source }, B = c.B with { Source = c.A.Source } });
        var next = await TrainedPolicies.Measures(run, policies.Values(
            ("champion", $"{policies.Challenger}"), ("challenger", $"{policies.Champion}"), ("comparisons", $"{await run.Artifacts.PutComparisonsAsync([.. turned], Token)}")));

        Assert.Equal((null, TrainedPolicies.Prompts), (measures.LanguageText.Texts, measures.LanguageText.Sequences));
        Assert.Equal(measures.LanguageText, next.LanguageText);
        Assert.Equal(measures.ReferenceLanguageLoss, next.ReferenceLanguageLoss);
        Assert.Equal((measures.ChallengerFigures.LanguageLoss, measures.ChampionFigures.LanguageLoss), (next.ChampionFigures.LanguageLoss, next.ChallengerFigures.LanguageLoss));
    }

    [Fact]
    public async Task A_champion_that_is_the_reference_policy_has_no_kl_and_forgot_nothing()
    {
        using var run = new TestRun(policies.Folder);
        var comparisons = (await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token)).Select(c => c with { A = Renamed(c.A), B = Renamed(c.B) });

        var measures = await TrainedPolicies.Measures(run, policies.Values(("champion", $"{policies.Reference}"), ("comparisons", $"{await run.Artifacts.PutComparisonsAsync([.. comparisons], Token)}")));

        Assert.Equal((0, 0, measures.ReferenceLanguageLoss), (measures.ChampionFigures.Kl, measures.ChampionFigures.KlStandardError, measures.ChampionFigures.LanguageLoss));
        Assert.NotEqual(0, measures.ChallengerFigures.Kl);

        Completion Renamed(Completion completion) => completion.Source == policies.Champion ? completion with { Source = policies.Reference } : completion;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(64)]
    public async Task Any_batch_size_makes_the_same_artifact(int batchSize)
    {
        using var run = new TestRun(policies.Folder);

        Assert.Equal(
            $"{(await run.Completes("MeasureChallenger", policies.Values()))["measures"]}",
            $"{(await run.Completes("MeasureChallenger", policies.Values(("batchSize", batchSize))))["measures"]}");
    }

    [Fact]
    public async Task Stopped_after_any_batch_it_goes_on_behind_it_and_makes_the_same_artifact()
    {
        using var undisturbed = new TestRun(policies.Folder);
        var values = policies.Values(("batchSize", 1), ("prompts", 5));
        var expected = await undisturbed.Completes("MeasureChallenger", values);
        var all = new StopAt(int.MaxValue, null);
        using (var counted = new TestRun(policies.Folder)) await counted.Runner.RunAsync("MeasureChallenger", Copy(values), new("i", "m"), all, Token);

        Assert.InRange(all.Seen, 6 * 5 + 3 * 5, 6 * 5 + 3 * 5 + 5); // six passes over completions, three over text, and the sampling
        for (var stop = 1; stop < all.Seen; stop += 3)
            foreach (var isDrain in new[] { true, false })
            {
                using var run = new TestRun(policies.Folder);
                using var source = new CancellationTokenSource();
                var first = new StopAt(stop, source);
                await Assert.ThrowsAnyAsync<Exception>(() => isDrain
                    ? run.Runner.RunAsync("MeasureChallenger", Copy(values), new("i", "m") { Epoch = 1 }, first, Token, source.Token)
                    : run.Runner.RunAsync("MeasureChallenger", Copy(values), new("i", "m") { Epoch = 1 }, first, source.Token));
                var left = new StopAt(int.MaxValue, null);
                var result = await run.Runner.RunAsync("MeasureChallenger", Copy(values), new("i", "m") { Epoch = 2 }, left, Token);

                Assert.True(JsonNode.DeepEquals(expected, Assert.IsType<StepResult.Completed>(result).Outputs));
                Assert.Equal(stop, first.Seen);
                // What was cancelled between two checkpoints is computed again: a batch at most.
                Assert.InRange(first.Seen + left.Seen, all.Seen, all.Seen + 1);
                Assert.Empty(run.Checkpoints());
            }
    }

    [Fact]
    public async Task Comparisons_with_other_policies_are_not_measured_and_where_there_are_no_others_that_is_said()
    {
        using var run = new TestRun(policies.Folder);
        var comparisons = await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token);
        var others = comparisons.Select(c => c with { A = c.A with { Source = Some.Policy('9') }, Purpose = "rating-1" }).ToList();
        var mixed = await run.Artifacts.PutComparisonsAsync([.. others, .. comparisons], Token);

        var measures = await TrainedPolicies.Measures(run, policies.Values(("comparisons", $"{mixed}")));
        var error = await run.Fails("MeasureChallenger", policies.Values(("comparisons", $"{await run.Artifacts.PutComparisonsAsync(others, Token)}")));

        Assert.Equal(await TrainedPolicies.Measures(run, policies.Values()), measures);
        Assert.Contains($"is between {policies.Champion.Short} and {policies.Challenger.Short}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Measures_of_an_earlier_pass_stay_and_those_of_others_are_refused()
    {
        using var run = new TestRun(policies.Folder);
        var earlier = $"{(await run.Completes("MeasureChallenger", policies.Values(("prompts", 3))))["measures"]}";

        Assert.Equal(earlier, $"{(await run.Completes("MeasureChallenger", policies.Values(("measures", earlier))))["measures"]}");
        Assert.Contains(
            $"The champion of {ArtifactRef.Parse(earlier).Short} is {policies.Champion.Short}; expected {policies.Reference.Short}.",
            await run.Fails("MeasureChallenger", policies.Values(("measures", earlier), ("champion", $"{policies.Reference}"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_figure_that_is_no_number_is_an_error_that_names_it()
    {
        using var run = new TestRun(policies.Folder);
        using var policy = await run.Artifacts.LoadPolicyAsync(policies.Challenger, trainable: false, Token);
        policy.Model.Parameters["model.norm.weight"].fill_(float.NaN);
        var broken = await run.Artifacts.PutAsync("policy", folder => HuggingFaceFolder.Save(folder, policy.Model, policy.Tokenizer), Token);
        var comparisons = (await run.Artifacts.ReadComparisonsAsync(policies.Comparisons, Token))
            .Select(c => c.A.Source == policies.Challenger ? c with { A = c.A with { Source = broken } } : c with { B = c.B with { Source = broken } });
        var models = await run.Artifacts.LoadRewardModelsAsync(policies.RewardModel, Token);
        models[0].Head.Weights.fill_(float.PositiveInfinity);
        var brokenScores = await run.Artifacts.PutRewardModelsAsync(models, new(1, 1, 1), Token);

        var error = await run.Fails("MeasureChallenger", policies.Values(("challenger", $"{broken}"), ("comparisons", $"{await run.Artifacts.PutComparisonsAsync([.. comparisons], Token)}")));
        var scores = await run.Fails("MeasureChallenger", policies.Values(("rewardModel", $"{brokenScores}")));

        Assert.Matches("^The log-probability is NaN \\(batch challenger on prompt [0-9a-f]{16}\\)", error);
        Assert.Matches($"^The score of the ch(ampion|allenger)'s completion of prompt [0-9a-f]{{16}} by {brokenScores.Short} is ", scores);
        foreach (var model in models) model.Dispose();
    }

    static JsonObject Copy(JsonObject values) => values.DeepClone().AsObject();

    static double Logprob(LoadedPolicy policy, IReadOnlyList<Turn> prompt, Completion completion, double temperature)
    {
        var given = policy.Format.Prompt(prompt.Chat());
        int[] tokens = [.. policy.Tokenizer.Begin, .. policy.Tokenizer.Encode(prompt[0].Text + completion.Text), .. completion.Finished ? [policy.Tokenizer.EosId] : Array.Empty<int>()];
        return Logprob(policy.Model, tokens, given.AsSpan().CommonPrefixLength(tokens), temperature);
    }

    /// <summary>A token after the other, in double precision from the logits on.</summary>
    static double Logprob(DecoderModel model, int[] tokens, int given, double temperature)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var sum = 0.0;
        for (var t = given; t < tokens.Length; t++)
        {
            var logits = model.Logits(model.Hidden(TokenBatch.Pad([tokens[..t]], 0, model.Device).Tokens))[0, ^1].cpu().data<float>().ToArray().Select(l => l / temperature).ToArray();
            sum += logits[tokens[t]] - Math.Log(logits.Sum(Math.Exp));
        }
        return sum;
    }
}

public sealed class RefusalTests
{
    [Theory]
    [InlineData("I'm sorry, but I can't help with that.")]
    [InlineData(" I’m sorry, I cannot provide instructions for that.")]
    [InlineData("As an AI language model, I am not able to generate such content.")]
    [InlineData("Unfortunately, I won't be able to assist you.")]
    [InlineData("\"Sorry, but I cannot answer.\"")]
    [InlineData("I must respectfully decline.")]
    [InlineData("I don't feel comfortable writing this.")]
    public void A_completion_that_begins_with_a_refusal_is_one(string text) => Assert.True(Refusals.Is(text));

    [Theory]
    [InlineData("")]
    [InlineData("I'm sorry to hear that. Try some tea.")]
    [InlineData("I can't believe how good this was!")]
    [InlineData("She said: I can't help you.")]
    [InlineData("I cannot wait to tell you about it.")]
    [InlineData("No problem, here it is.")]
    [InlineData("The fox was sorry. I can help you, said the bird.")]
    public void What_only_sounds_like_one_is_none(string text) => Assert.False(Refusals.Is(text));
}
