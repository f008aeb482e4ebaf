using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>What each knob does to a training, seen from outside.</summary>
public sealed class PpoKnobTests
{
    static readonly PpoHParams Short = TinyPpo.HParams with { Updates = 3 };

    static readonly PpoHParams WithoutValue = Short with { Advantages = AdvantageEstimator.Rloo, SamplesPerPrompt = 4, ValueWarmupUpdates = 0 };

    static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();

    [Fact]
    public void Micro_batches_add_up_to_the_whole_minibatch()
    {
        var hparams = Short with { Updates = 1, ValueWarmupUpdates = 0, EntropyCoefficient = 0.01, LossAggregation = LossAggregation.SeqMeanTokenMean, Epochs = 1, MinibatchSize = 32, Adam = new(Epsilon: 1) };

        var (whole, parts) = (TinyPpo.Run(hparams), TinyPpo.Run(hparams with { MicrobatchSize = 4 }));

        Assert.True(Distance(whole.Weights, parts.Weights) < 1e-6, $"{Distance(whole.Weights, parts.Weights)}");
        foreach (var metric in new[] { "ppo/loss/policy", "ppo/loss/value", "ppo/loss/entropy", "ppo/policy/approxkl", "ppo/policy/clipfrac", "ppo/policy/ratio_max", "ppo/grad_norm" })
            Assert.Equal(whole.Metrics[0][metric], parts.Metrics[0][metric], 1e-6);
    }

    [Fact]
    public void Knobs_that_are_off_leave_the_default_run_as_it_is()
    {
        var off = Short with
        {
            KlTarget = 1,
            KlHorizon = 5,
            OverlongLength = 1,
            LengthPenaltyFrom = 3,
            PtxBatchSize = 3,
            LogRatioClamp = 0,
            WhiteningVariance = Variance.Biased,
            ClipRangeHigh = 0.2,
        };

        var (usual, same) = (TinyPpo.Run(Short), TinyPpo.Run(off));

        Assert.Equal(usual.Weights, same.Weights);
        Assert.Equal(usual.Metrics, same.Metrics);
    }

    [Theory]
    [InlineData(AdvantageEstimator.Rloo)]
    [InlineData(AdvantageEstimator.Group)]
    public void Without_a_value_function_none_is_trained_and_none_is_measured(AdvantageEstimator estimator)
    {
        var (metrics, _) = TinyPpo.Run(WithoutValue with { Advantages = estimator });

        Assert.DoesNotContain(metrics[^1].Keys, k => k.StartsWith("ppo/val/", StringComparison.Ordinal) || k is "ppo/loss/value" or "ppo/returns/mean");
        Assert.True(metrics[0]["ppo/loss/policy"] != 0);
    }

    [Fact]
    public void Advantages_and_value_head_must_agree()
    {
        using var policy = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        using var scorer = new TokenScorer(TinyPpo.RewardModel());

        var error = Assert.Throws<ArgumentException>(() => new PpoTrainer(new(policy, null, policy, scorer, 0), [new([1, 3], 0)], Short));

        Assert.Contains("'advantages' is Gae without a value head", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AdvantageEstimator.Gae)]
    [InlineData(AdvantageEstimator.Rloo)]
    [InlineData(AdvantageEstimator.Group)]
    public void Every_estimator_raises_the_score(AdvantageEstimator estimator)
    {
        var hparams = estimator == AdvantageEstimator.Gae ? Short : WithoutValue with { Advantages = estimator };

        var scores = TinyPpo.Run(hparams with { Updates = 25 }).Metrics.Select(m => m["objective/score"]).ToList();

        Assert.True(scores.TakeLast(5).Average() > scores.Take(5).Average() + 0.3, string.Join(' ', scores.Select(s => s.ToString("0.00"))));
    }

    [Fact]
    public void Kl_in_the_loss_leaves_the_reward_alone()
    {
        var metrics = TinyPpo.Run(Short with { KlPlacement = KlPlacement.Loss, KlEstimator = KlEstimator.K3 }).Metrics[^1];

        Assert.Equal(0, metrics["objective/non_score_reward"], 1e-5);
        Assert.True(metrics["ppo/loss/kl"] > 0);
    }

    [Fact]
    public void A_larger_kl_coefficient_keeps_the_policy_nearer_in_reward_and_in_loss()
    {
        foreach (var placement in new[] { KlPlacement.Reward, KlPlacement.Loss })
        {
            var hparams = Short with { Updates = 15, KlPlacement = placement, KlEstimator = KlEstimator.K3 };
            double Kl(double coefficient) => TinyPpo.Run(hparams with { KlCoefficient = coefficient }).Metrics.TakeLast(3).Average(m => m["objective/kl"]);
            Assert.True(Kl(0.5) < Kl(0.001), $"{placement}");
        }
    }

    [Fact]
    public void An_update_stops_where_a_minibatch_moves_too_far()
    {
        var metrics = TinyPpo.Run(Short with { KlStop = 1e-9, ValueWarmupUpdates = 0 }).Metrics[0];

        Assert.Equal(1, metrics["ppo/policy/stopped"]);
    }

    [Fact]
    public void The_training_ends_at_the_largest_sequence_kl_and_says_so()
    {
        using var policy = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        var (trainer, others) = TinyPpo.Start(policy, TinyPpo.HParams with { Updates = 30, MaxSequenceKl = 0.05 });

        IReadOnlyDictionary<string, double> metrics = new Dictionary<string, double>();
        while (trainer.Completed < trainer.Updates) metrics = trainer.Update(TestContext.Current.CancellationToken);

        Assert.InRange(trainer.Completed, 2, 29);
        Assert.True(metrics["objective/kl"] > 0.05);
        Assert.DoesNotContain("ppo/loss/policy", metrics.Keys);
        Assert.Contains(trainer.Notices, n => n.Contains("'maxSequenceKl' (0.05)", StringComparison.Ordinal));
        trainer.Dispose();
        foreach (var other in others) other.Dispose();
    }

    [Fact]
    public void A_minibatch_whose_mean_ratio_is_too_large_changes_nothing_and_is_counted()
    {
        var (metrics, weights) = TinyPpo.Run(Short with { MaxRatio = 1e-6, ValueWarmupUpdates = 0 });

        using var untouched = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        Assert.Equal(untouched.Parameters.Flat.cpu().data<float>().ToArray(), weights);
        Assert.All(metrics, m => Assert.Equal(4, m["ppo/policy/skipped"]));
    }

    [Fact]
    public void The_warm_up_of_the_value_head_does_not_count_in_the_policys_optimizer()
    {
        var (warm, cold) = (TinyPpo.Run(Short with { Updates = 2, Epochs = 1, MinibatchSize = 32, Anneal = Learning.Optimization.Anneal.Constant }), TinyPpo.Run(Short with { Updates = 1, ValueWarmupUpdates = 0, Epochs = 1, MinibatchSize = 32, Anneal = Learning.Optimization.Anneal.Constant }));

        // Adam's first step is lr·sign(gradient) whatever the gradient: a larger one shows a wrong bias correction.
        using var untouched = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        var start = untouched.Parameters.Flat.cpu().data<float>().ToArray();
        Assert.Equal(Distance(start, cold.Weights), Distance(start, warm.Weights), 1e-5);
        Assert.Equal(1e-2, Distance(start, warm.Weights), 1e-5);
    }

    [Fact]
    public void The_language_modeling_term_keeps_the_texts_likely()
    {
        double Loss(double coefficient)
        {
            var metrics = TinyPpo.Run(Short with { Updates = 12, PtxCoefficient = coefficient }).Metrics;
            return metrics[^1]["ppo/loss/ptx"];
        }

        Assert.True(Loss(2) < Loss(1e-6) - 0.2);
    }

    [Fact]
    public void The_averaged_weights_lag_behind_the_trained_ones()
    {
        using var untouched = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        var start = untouched.Parameters.Flat.cpu().data<float>().ToArray();

        var (trained, averaged) = (TinyPpo.Run(Short), TinyPpo.Run(Short with { Ema = 0.9 }));

        Assert.Equal(trained.Metrics.Select(m => m["objective/score"]), averaged.Metrics.Select(m => m["objective/score"]));
        Assert.True(Distance(start, averaged.Weights) < Distance(start, trained.Weights));
    }

    [Fact]
    public void Padding_never_counts_in_the_entropy()
    {
        // Ends at once, or after seven tokens: the same completions, padded or not.
        var metrics = TinyPpo.Run(Short with { Updates = 1 }).Metrics[0];
        var perToken = metrics["objective/entropy"] / metrics["completion/length"];

        Assert.InRange(perToken, 3.2, 3.7); // ln 32 = 3.47: nearly uniform; −1 for each of the pads would show
        Assert.InRange(metrics["ppo/policy/entropy"], 3.3, Math.Log(32) + 1e-4);
    }

    [Fact]
    public void The_value_head_from_the_reward_model_gives_its_scores()
    {
        using var scope = NewDisposeScope();
        using var rewardModel = TinyPpo.RewardModel();
        using var head = ValueHeads.FromRewardModel(rewardModel, 16, TorchDevice.FromEnvironment());
        using var noGrad = no_grad();
        var tokens = tensor(new[] { 1L, 5, 6, 2 }, [1, 4], device: TorchDevice.FromEnvironment());

        Assert.Equal(rewardModel.Score([new([1, 5, 6, 2], 2)], 1, CancellationToken.None)[0], head.Forward(rewardModel.Model.Hidden(tokens))[0, 3].ToSingle(), 1e-5);
        Assert.Contains("hidden size is 16 and the policy's 32", Assert.Throws<ArgumentException>(() => ValueHeads.FromRewardModel(rewardModel, 32, TorchDevice.FromEnvironment())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Length_costs_for_each_token_beyond_the_free_ones() =>
        Assert.Equal(0.3, new RewardShaping(Short with { LengthPenalty = 0.1, LengthPenaltyFrom = 5 }).Penalty(8, finished: true), 1e-9);
}
