using Rlhf.Learning.Models;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class FamiliesTests
{
    public static TheoryData<string> All => ["llama", "llama-tied", "llama-rope-scaled", "mistral", "qwen2", "qwen3", "gpt2", "llama-bfloat16", "llama-float16"];

    [Theory]
    [MemberData(nameof(All))]
    public void Logits_are_those_that_other_peoples_code_computes(string family)
    {
        using var scope = NewDisposeScope();
        var expected = Families.Read(family);
        using var model = Families.Load(family).Model;

        Assert.All(expected.Sequences, sequence =>
        {
            var logits = Logits(model, sequence.Tokens);
            Assert.All(sequence.Logits.Index(), row => AssertClose(row.Item, Some.Values(logits[row.Index]), expected.Tolerance));
        });
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Greedy_text_is_llama_cpps_with_the_cache_and_without(string family)
    {
        using var scope = NewDisposeScope();
        using var model = Families.Load(family).Model;
        var sequences = Families.Read(family).Sequences;
        using var step = new DecoderStep(model, 3);
        var sampler = new Sampler(step, new() { TopK = 1, MaxNewTokens = 16 }, 1, model.Config.Ends);

        var sampled = sampler.Run([.. sequences.Select((s, i) => new SampleRequest(s.Tokens, (ulong)i, 0))], cancellationToken: TestContext.Current.CancellationToken);

        Assert.All(sequences.Zip(sampled), pair =>
        {
            Assert.Equal(pair.First.Greedy, pair.Second.Sequence[pair.Second.PromptLength..]);
            Assert.Equal(pair.First.Greedy, WithoutCache(model, pair.First.Tokens, 16));
        });
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Padding_on_the_right_changes_nothing_before_it(string family)
    {
        using var scope = NewDisposeScope();
        using var model = Families.Load(family).Model;
        var sequences = Families.Read(family).Sequences;
        var width = sequences.Max(s => s.Tokens.Length) + 3;
        var padded = tensor(sequences.SelectMany(s => s.Tokens.Select(t => (long)t).Concat(Enumerable.Repeat(5L, width - s.Tokens.Length))).ToArray(), [sequences.Count, width]);

        var together = model.Logits(model.Hidden(padded));

        Assert.All(sequences.Index(), s => AssertClose(
            Some.Values(Logits(model, s.Item.Tokens)), Some.Values(together[s.Index].narrow(0, 0, s.Item.Tokens.Length)), 1e-5));
    }

    [Fact]
    public void Settings_of_the_rotary_positions_are_also_read_from_where_newer_files_keep_them()
    {
        using var scope = NewDisposeScope();
        using var old = Families.Load("llama-rope-scaled").Model;
        using var current = Families.Load("llama-rope-scaled", "config.transformers-5.json").Model;

        Assert.Equal(old.Config, current.Config);
    }

    [Theory]
    [InlineData("llama-reward")]
    [InlineData("qwen2-reward")]
    public void A_reward_model_of_the_hub_scores_at_the_last_token(string family)
    {
        using var scope = NewDisposeScope();
        var expected = Families.Read(family);
        var (model, score) = Families.Load(family);
        using var head = ScalarHead.Of(score!, 0);

        Assert.All(expected.Sequences, s =>
        {
            var scores = Some.Values(head.Forward(model.Hidden(Tokens(s.Tokens)))[0]);
            AssertClose(s.Scores, scores, expected.Tolerance);
            Assert.Equal(s.Score, scores[^1], expected.Tolerance);
        });
        Assert.False(model.PredictsTokens && !model.Config.TieWordEmbeddings);
        model.Dispose();
    }

    [Fact]
    public void An_adapter_of_PEFT_changes_the_logits_as_it_does_there_and_off_it_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var expected = Families.Read("llama-lora");
        using var plain = Families.Load("llama").Model;
        using var model = new DecoderModel(plain.Config, plain.Parameters.Clone(), LowRankFolder.Load(Families.Folder("llama-lora"), plain.Config, Some.Device));
        using var off = model.WithoutAdapter();
        using var merged = model.Merge();

        Assert.All(expected.Sequences, s =>
        {
            var logits = Logits(model, s.Tokens);
            Assert.All(s.Logits.Index(), row => AssertClose(row.Item, Some.Values(logits[row.Index]), expected.Tolerance));
            Assert.Equal(Some.Values(Logits(plain, s.Tokens)), Some.Values(Logits(off, s.Tokens)));
            AssertClose(Some.Values(logits), Some.Values(Logits(merged, s.Tokens)), 1e-5 * Some.Values(logits).Max(Math.Abs));
        });
    }

    [Fact]
    public void A_new_adapter_changes_nothing_and_only_it_gets_gradients()
    {
        using var scope = NewDisposeScope();
        using var plain = Families.Load("qwen3").Model;
        var config = new LowRankConfig(4, 8, LowRankConfig.AllTargets);
        using var model = new DecoderModel(plain.Config, plain.Parameters.Clone(), LowRankAdapter.Initialize(config, plain.Config, 1, Some.Device));

        var logits = Logits(model, [1, 7, 9, 11]);
        logits.sum().backward();

        Assert.Equal(Some.Values(Logits(plain, [1, 7, 9, 11])), Some.Values(logits));
        Assert.False(model.Parameters.RequiresGrad);
        Assert.Contains(Some.Values(model.Trainable.GatherGradient()), g => g != 0);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_was_read_is_written_and_read_again_with_the_same_bits(string family)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Families.Load(family).Model;

        HuggingFaceFolder.Save(folder.Path, model, new StandInTokenizer(model.Config), largestShard: 20_000);

        var (config, _) = DecoderConfigJson.Read(folder.File("config.json"));
        using var checkpoint = Checkpoint.Open(folder.Path, []);
        using var again = checkpoint.Read(config, [], Some.Device, trainable: false).Parameters;
        Assert.Equal(model.Config, config);
        Assert.Equal(Some.Values(model.Parameters.Flat), Some.Values(again.Flat));
        Assert.True(Directory.GetFiles(folder.Path, "*.safetensors").Length > 1);
    }

    [Fact]
    public void A_sharded_checkpoint_in_bfloat16_is_the_rounded_single_one()
    {
        using var scope = NewDisposeScope();
        using var single = Families.Load("llama").Model;
        using var sharded = Families.Load("llama-bfloat16").Model;

        Assert.All(Some.Values(single.Parameters.Flat).Zip(Some.Values(sharded.Parameters.Flat)), pair =>
            Assert.Equal(pair.First, pair.Second, Math.Abs(pair.First) / 256 + 1e-30));
    }

    [Theory]
    [InlineData(WeightType.BFloat16, "llama-bfloat16")]
    [InlineData(WeightType.Float16, "llama-float16")]
    public void Rounding_at_export_is_what_other_peoples_code_rounds_to(WeightType type, string rounded)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Families.Load("llama").Model;
        using var expected = Families.Load(rounded).Model;

        HuggingFaceFolder.Save(folder.Path, model, new StandInTokenizer(model.Config), type);

        using var checkpoint = Checkpoint.Open(folder.Path, []);
        using var again = checkpoint.Read(model.Config, [], Some.Device, trainable: false).Parameters;
        Assert.Equal(Some.Values(expected.Parameters.Flat), Some.Values(again.Flat));
    }

    static Tensor Tokens(int[] tokens) => tensor(tokens.Select(t => (long)t).ToArray(), [1, tokens.Length], device: Some.Device);

    /// <summary>[time, vocabulary]</summary>
    static Tensor Logits(DecoderModel model, int[] tokens) => model.Logits(model.Hidden(Tokens(tokens)))[0];

    static int[] WithoutCache(DecoderModel model, int[] prompt, int count)
    {
        List<int> tokens = [.. prompt];
        for (var i = 0; i < count; i++) tokens.Add((int)Logits(model, [.. tokens])[^1].argmax().ToInt64());
        return [.. tokens.Skip(prompt.Length)];
    }

    static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (e, a) => Math.Abs((double)e - a)).Max(), 0, tolerance);
    }
}
