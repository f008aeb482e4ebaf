using Rlhf.Learning.Models;
using Rlhf.Pipeline.Planning;
using Rlhf.Steps.Contracts;
using TorchSharp;

namespace Rlhf.Pipeline.Tests.Planning;

/// <summary>Plans of a round; how near they are to what is measured, tests/benchmarks/Rlhf.Memory says.</summary>
public sealed class RoundPlanTests
{
    const long Gigabyte = 1_000_000_000;

    // GPT-2's smallest: 124,439,808 weights.
    static readonly DecoderConfig Gpt2 = new()
    {
        Family = DecoderFamily.Gpt2,
        VocabSize = 50257,
        HiddenSize = 768,
        IntermediateSize = 3072,
        NumHiddenLayers = 12,
        NumAttentionHeads = 12,
        NumKeyValueHeads = 12,
        MaxPositionEmbeddings = 1024,
        TieWordEmbeddings = true,
        BosTokenId = 50256,
        EosTokenId = 50256,
    };

    static readonly RoundHParams HParams = new(new(), new(), new(), new(), new(), new());

    static RoundMemory Memory(int promptTokens = 64) => new(Gpt2, new(promptTokens, null), process: 0);

    static StepPlan Plan(RoundHParams hparams, string step) => Memory().Of(hparams).Single(p => p.Step == step);

    static long Policy(TrainPolicy.HParams hparams) => Plan(HParams with { TrainPolicy = hparams }, nameof(TrainPolicy)).Bytes;

    [Fact]
    public void A_policy_that_is_trained_takes_its_weights_four_times_and_those_of_reference_and_reward_model_once()
    {
        var smallest = new TrainPolicy.HParams() with { RolloutSize = 1, MinibatchSize = 1, MicrobatchSize = 1, MaxNewTokens = 1, Slots = 1 };

        var weights = 4L * 124_439_808;
        Assert.InRange(Policy(smallest), 6 * weights, 6 * weights + Gigabyte);
        Assert.InRange(Policy(smallest with { Ema = 0.99 }) - Policy(smallest), weights, weights);
    }

    [Fact]
    public void An_adapter_holds_the_weights_once_for_policy_and_reference()
    {
        var all = Policy(new());
        var adapter = Policy(new TrainPolicy.HParams() with { LoraRank = 8 });

        Assert.InRange(all - adapter, 4 * 4L * 124_439_808 - Gigabyte, 4 * 4L * 124_439_808 + 2 * Gigabyte);
    }

    [Fact]
    public void Micro_batches_and_gradient_checkpoints_take_less_and_longer_texts_more()
    {
        var whole = new TrainPolicy.HParams();

        Assert.True(Policy(whole with { MicrobatchSize = 4 }) < Policy(whole));
        Assert.True(Policy(whole with { MicrobatchSize = 32, GradientCheckpointing = true }) < Policy(whole with { MicrobatchSize = 32 }));
        Assert.True(Memory(512).Of(HParams)[2].Bytes > Memory(64).Of(HParams)[2].Bytes);
        Assert.Equal(Memory(1000).Of(HParams)[0].Bytes, Memory(1023).Of(HParams)[0].Bytes); // no longer than the context
    }

    [Theory]
    [InlineData(8, "microbatchSize ")]
    [InlineData(3.9, "slots ")]
    [InlineData(3.2, "loraRank 16, microbatchSize ")]
    public void A_step_that_does_not_fit_is_told_with_which_hparams_it_would_those_that_change_least_first(double gigabytes, string change)
    {
        var limit = (long)(gigabytes * Gigabyte);

        var sentence = new Remedies(Memory(), limit).For(Plan(HParams, nameof(TrainPolicy)), HParams);

        Assert.Contains($"with {change}", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Measuring_takes_more_with_larger_batches_and_more_members_and_smaller_batches_are_its_remedy()
    {
        long Measures(int batchSize, int members) => Plan(HParams with { MeasureChallenger = new() { BatchSize = batchSize }, TrainRewardModel = new() { Members = members } }, nameof(MeasureChallenger)).Bytes;

        Assert.True(Measures(64, 1) > Measures(16, 1));
        Assert.InRange(Measures(1, 8), 8 * 4L * 124_439_808, 8 * 4L * 124_439_808 + Gigabyte);
        Assert.Contains("with batchSize ", new Remedies(Memory(), Gigabyte).For(Plan(HParams, nameof(MeasureChallenger)), HParams), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_fits_that_is_said()
    {
        var sentence = new Remedies(Memory(), Gigabyte).For(Plan(HParams, nameof(TrainRewardModel)), HParams);

        Assert.Contains("no setting of its hparams fits", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_remedy_names_fits()
    {
        const long limit = 3 * Gigabyte;
        foreach (var step in new[] { nameof(TrainPolicy), nameof(TrainRewardModel) })
        {
            var sentence = new Remedies(Memory(), limit).For(Plan(HParams, step), HParams);
            Assert.Matches(@"it would take [0-2]\.\d GB|it would take 3\.0 GB", sentence);
        }
    }

    [Fact]
    public void Times_are_measured_on_this_machine_and_more_of_a_thing_takes_longer()
    {
        var small = Gpt2 with { VocabSize = 300, HiddenSize = 32, IntermediateSize = 64, NumHiddenLayers = 3, NumAttentionHeads = 2, NumKeyValueHeads = 2, BosTokenId = 0, EosTokenId = 0 };
        var texts = new PlanTexts(8, Prompts: 20);
        var memory = new RoundMemory(small, texts, process: 0);
        var once = HParams with { TrainPolicy = new TrainPolicy.HParams() with { Updates = 4, LoraRank = 2 } };
        // So many that what else the machine does meanwhile cannot make up for it.
        var often = once with { TrainPolicy = once.TrainPolicy with { Updates = 4000, ValueWarmupUpdates = 0 } };
        var time = new RoundTime(small, texts, torch.CPU);

        var plans = time.Add(memory.Of(once), once, TestContext.Current.CancellationToken);
        var more = time.Add(memory.Of(often), often, TestContext.Current.CancellationToken);

        Assert.All(plans, p => Assert.InRange(p.Seconds!.Value, 1e-9, 1e5));
        Assert.True(more[4].Seconds > plans[4].Seconds);
        Assert.ThrowsAny<OperationCanceledException>(() => time.Add(plans, once, new CancellationToken(canceled: true)));
    }
}
