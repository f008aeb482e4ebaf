using Rlhf.Learning.Chat;
using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Rewards;

public sealed class RewardModelTrainingTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static RewardModel Model(ulong seed = 1)
    {
        var tokenizer = Some.Tokenizer();
        var config = Some.Config(vocabulary: tokenizer.VocabularySize) with { BosTokenId = tokenizer.BosId, EosTokenId = tokenizer.EosId, PadTokenId = tokenizer.PadId };
        return new(DecoderModel.Initialize(config, seed, Device), ScalarHead.Random(config.HiddenSize, seed, Device), tokenizer);
    }

    static RewardModelHParams HParams(int batch) => new(Epochs: 1, batch, LearningRate: 1e-3, WarmupUpdates: 0, WeightDecay: 0, Seed: 1);

    static List<ScoredText> Texts(int count) => [.. Enumerable.Range(0, count).Select(i => new ScoredText([1, 3 + i, 4 + i, 2], 2))];

    [Fact]
    public void A6_all_pairs_of_a_prompt_are_one_element_of_a_batch_and_count_together_as_one()
    {
        using var model = Model();
        var texts = Texts(4);
        var pairs = (from i in Enumerable.Range(0, 4) from j in Enumerable.Range(i + 1, 3 - i) select new GroupPair(i, j, 0, 1, 1, $"{i}{j}")).ToList();
        var raw = model.Raw(texts, 8, Token);
        using var trainer = new RewardModelTrainer(model, [new(texts, pairs)], HParams(1));

        var loss = trainer.Update(Token)["reward_model/loss"];

        Assert.Equal(pairs.Average(p => Math.Log(1 + Math.Exp(raw[p.Rejected] - raw[p.Chosen]))), loss, 1e-5);
    }

    [Fact]
    public void A6_the_worked_number_of_four_ordered_completions()
    {
        using var scope = NewDisposeScope();
        float[] r = [2, 1, .5f, -1];
        var (i, j) = (new long[] { 0, 0, 0, 1, 1, 2 }, new long[] { 1, 2, 3, 2, 3, 3 });
        Tensor Pick(long[] rows) => tensor(r, device: Device).index_select(0, tensor(rows, device: Device));
        var ones = torch.ones(6, device: Device);

        var loss = new PreferenceLoss().PerPair(Pick(i), Pick(j), torch.zeros(6, device: Device), ones, ones);

        Assert.Equal(.227613, loss.mean().ToSingle(), 1e-6);
    }

    [Fact]
    public void Hard_groups_come_twice_and_only_in_the_last_third_of_an_epoch()
    {
        var order = new EpochOrder([.. Enumerable.Range(0, 30).Select(i => i % 10 == 0)], seed: 5);

        Assert.Equal(33, order.Length);
        for (var epoch = 0; epoch < 2; epoch++)
        {
            var drawn = Enumerable.Range(0, order.Length).Select(i => order[epoch * order.Length + i]).ToList();
            Assert.Equal(Enumerable.Range(0, 30), drawn.Distinct().Order());
            Assert.DoesNotContain(drawn.Take(22), i => i % 10 == 0);
            Assert.All(drawn.GroupBy(i => i), g => Assert.Equal(g.Key % 10 == 0 ? 2 : 1, g.Count()));
        }
        Assert.NotEqual(Enumerable.Range(0, 33).Select(i => order[i]), Enumerable.Range(33, 33).Select(i => order[i]));
    }

    [Fact]
    public void Training_ends_early_with_the_weights_of_the_best_look()
    {
        using var model = Model();
        var texts = Texts(8);
        // What is validated is the opposite of what is trained, so the first look is the best.
        List<PreferenceGroup> groups = [.. Enumerable.Range(0, 40).Select(i => new PreferenceGroup([texts[i % 4], texts[4 + i % 4]], [new(0, 1, 0, 1, 1, "p")]))];
        using var trainer = new RewardModelTrainer(
            model, groups, HParams(2) with { LearningRate = 1e-2 }, new EarlyStopping(model, [(texts[4], texts[0])], every: 2, patience: 2, batchSize: 4));

        var looks = new List<double>();
        while (trainer.Completed < trainer.Updates)
        {
            if (trainer.Update(Token).TryGetValue("reward_model/validation_nll", out var nll)) looks.Add(nll);
        }

        Assert.Equal((6, 3), (trainer.Completed, looks.Count));
        var raw = model.Raw([texts[4], texts[0]], 4, Token);
        Assert.Equal(looks[0], Math.Log(1 + Math.Exp(raw[1] - raw[0])), 1e-5);
    }

    [Fact]
    public void A_loss_that_is_no_number_names_the_tensor_and_the_comparisons()
    {
        using var model = Model();
        using (no_grad()) model.Head.Parameters.Flat.fill_(float.NaN);
        using var trainer = new RewardModelTrainer(model, [new(Texts(2), [new(0, 1, 0, 1, 1, "c7")])], HParams(1));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Update(Token));

        Assert.Contains("The reward model's loss is NaN at update 1 (batch c7/0, c7/1)", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, error.Sequences.Count);
    }

    [Fact]
    public void A_score_that_is_no_number_is_no_score_and_its_text_is_kept()
    {
        using var model = Model();
        using (no_grad()) model.Head.Parameters.Flat.fill_(float.NaN);

        var error = Assert.Throws<NonFiniteException>(() => model.Score(Texts(2), 2, Token));

        Assert.Contains("score is NaN", error.Message, StringComparison.Ordinal);
        Assert.Single(error.Sequences);
    }

    [Theory]
    [InlineData(LengthTreatment.None)]
    [InlineData(LengthTreatment.Residual)]
    [InlineData(LengthTreatment.Normalized)]
    public void Scores_of_the_reference_have_mean_zero_and_deviation_one_and_survive_a_save(LengthTreatment treatment)
    {
        using var model = Model();
        var texts = Enumerable.Range(0, 12).Select(i => model.Encode("The cat", string.Concat(Enumerable.Repeat(" sat", 1 + i % 5)))).ToList();
        using var folder = new TemporaryFolder();

        model.Normalize(texts, treatment, 4, Token);
        model.Save(folder.Path);
        using var loaded = RewardModel.Load(folder.Path, Device);
        var scores = loaded.Score(texts, 4, Token);

        Assert.Equal(0, scores.Average(), 1e-4);
        Assert.Equal(1, scores.Average(s => s * s), 1e-3);
    }

    [Fact]
    public void A_training_begins_with_outputs_of_mean_zero_and_deviation_one()
    {
        using var model = Model();
        var texts = Texts(10);

        model.NormalizeHead(texts, 4, Token);

        var raw = model.Raw(texts, 4, Token);
        Assert.Equal(0, raw.Average(), 1e-4);
        Assert.Equal(1, raw.Average(r => r * r), 1e-3);
    }

    [Fact]
    public void Text_and_tokens_give_the_same_score_where_both_read_the_same_tokens()
    {
        using var model = Model();
        var text = model.Encode("The cat", " sat on");
        var completion = new SampledCompletion(text.Tokens, text.PromptLength, Finished: true, null);
        var cut = new SampledCompletion(text.Tokens[..^1], text.PromptLength, Finished: false, null);

        var byTokens = new TokenScorer(model).Score([completion, cut], 2, Token);
        var byText = new TextScorer(model, model.Format, new Dictionary<ulong, IReadOnlyList<ChatTurn>> { [0] = [new("user", "The cat")] }).Score([completion, cut], 2, Token);

        Assert.Equal(byTokens[0], byText[0], 1e-5);
        Assert.Equal(byTokens[1], byText[1], 1e-5);
        Assert.Equal(byTokens[0], byTokens[1], 1e-5);
    }

    sealed class Fixed(params float[] scores) : IScorer
    {
        public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) => scores;

        public void Dispose()
        {
        }
    }

    [Theory]
    [InlineData(AxesRule.Weighted, 0.7f, -0.2f)]
    [InlineData(AxesRule.Worst, 0.4f, -2f)]
    [InlineData(AxesRule.SafetyFirst, 0.8f, -2f)]
    public void Helpfulness_and_safety_become_one_score_by_the_stated_rule(AxesRule rule, float safe, float unsafeScore)
    {
        using var scorer = new AxesScorer(new Fixed(0.8f, 0.4f), new Fixed(0.4f, -2f), rule, safetyWeight: 0.25, threshold: -1);

        var scores = scorer.Score(new SampledCompletion[2], 1, Token);

        Assert.Equal(safe, scores[0], 1e-6);
        Assert.Equal(unsafeScore, scores[1], 1e-6);
    }
}
