using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Support;

/// <summary>A PPO training that takes a second: tiny policy, a random reward model as scorer, twelve prompts.</summary>
static class TinyPpo
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    internal static readonly int[][] Texts = [.. Enumerable.Range(0, 24).Select(i => (int[])[1, 3 + i % 8, 4 + i % 8, 5 + i % 8, 6 + i % 8, 2])];

    internal static PpoHParams HParams { get; } = new()
    {
        Updates = 8,
        ValueWarmupUpdates = 1,
        RolloutSize = 32,
        MinibatchSize = 16,
        LearningRate = 1e-2,
        KlCoefficient = 0.01,
        MaxNewTokens = 8,
        Slots = 32,
        Seed = 11,
    };

    internal static RewardModel RewardModel()
    {
        var rewardModel = new RewardModel(DecoderModel.Initialize(TinyModels.Config, 9, Device), ScalarHead.Random(16, 5, Device), new NumberTokenizer());
        rewardModel.Normalize([.. Enumerable.Range(0, 64).Select(i => new ScoredText([1, 3 + i % 12, 3 + i % 29, 3 + i % 7, 2], 2))], LengthTreatment.None, 32, CancellationToken.None);
        return rewardModel;
    }

    /// <summary>The trainer of the given policy, and what is to be disposed beside both.</summary>
    internal static (PpoTrainer Trainer, IDisposable[] Others) Start(DecoderModel policy, PpoHParams hparams, IScorer? scorer = null)
    {
        var reference = policy.Clone();
        scorer ??= new TokenScorer(RewardModel());
        var value = hparams.Advantages == AdvantageEstimator.Gae ? ScalarHead.Zero(16, Device) : null;
        var prompts = Enumerable.Range(0, 12).Select(i => new PolicyPrompt([1, 3 + i], (ulong)i)).ToList();
        var trainer = new PpoTrainer(new(policy, value, reference, scorer, PadId: 0), prompts, hparams, hparams.PtxCoefficient > 0 ? Texts : null);
        return (trainer, value is null ? [reference, scorer] : [reference, scorer, value]);
    }

    /// <summary>The metrics of each update of a training that begins with the same policy every time, and the policy's weights at its end.</summary>
    internal static (List<IReadOnlyDictionary<string, double>> Metrics, float[] Weights) Run(PpoHParams hparams, IScorer? scorer = null)
    {
        using var policy = DecoderModel.Initialize(TinyModels.Config, 1, Device);
        var (trainer, others) = Start(policy, hparams, scorer);
        var metrics = new List<IReadOnlyDictionary<string, double>>();
        while (trainer.Completed < trainer.Updates) metrics.Add(trainer.Update(TestContext.Current.CancellationToken));
        trainer.Finish();
        trainer.Dispose();
        foreach (var other in others) other.Dispose();
        return (metrics, policy.Parameters.Flat.cpu().data<float>().ToArray());
    }
}
