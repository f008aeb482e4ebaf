using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>A training that was stopped and taken up elsewhere ends like one that never stopped, for every combination of knobs with state.</summary>
public sealed class PpoResumeTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The adaptive coefficient, the running scale, the averaged weights, the text cursor, and either estimator: 32 combinations.</summary>
    public static TheoryData<bool, bool, bool, bool, AdvantageEstimator> Combinations
    {
        get
        {
            var data = new TheoryData<bool, bool, bool, bool, AdvantageEstimator>();
            bool[] both = [false, true];
            foreach (var adaptive in both)
                foreach (var scaling in both)
                    foreach (var ema in both)
                        foreach (var texts in both)
                            foreach (var estimator in new[] { AdvantageEstimator.Gae, AdvantageEstimator.Rloo })
                                data.Add(adaptive, scaling, ema, texts, estimator);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void A_resumed_training_ends_with_the_same_bits(bool adaptive, bool scaling, bool ema, bool texts, AdvantageEstimator estimator) =>
        EndsTheSame(TinyPpo.HParams with
        {
            Updates = 4,
            SamplesPerPrompt = 2,
            KlControl = adaptive ? KlControl.Adaptive : KlControl.Fixed,
            KlTarget = 0.01,
            KlHorizon = 100,
            RewardScaling = scaling,
            Ema = ema ? 0.9 : 0,
            PtxCoefficient = texts ? 0.5 : 0,
            PtxBatchSize = 4,
            Advantages = estimator,
        });

    [Fact]
    public void A_resumed_training_ends_early_at_the_same_update() =>
        EndsTheSame(TinyPpo.HParams with { Updates = 20, MaxSequenceKl = 0.05, Ema = 0.5, KlControl = KlControl.Adaptive, KlTarget = 1, KlHorizon = 50 });

    static void EndsTheSame(PpoHParams hparams)
    {
        using var whole = new Run(hparams);
        using var first = new Run(hparams);
        using var second = new Run(hparams);

        whole.ToEnd();
        for (var i = 0; i < 2; i++) first.Update();
        second.Trainer.Restore(first.Trainer.Save());
        second.ToEnd();

        Assert.Equal(whole.Weights(), second.Weights());
        Assert.Equal(whole.Metrics.Skip(2), second.Metrics);
        Assert.Equal(whole.Trainer.Completed, second.Trainer.Completed);
        Assert.Equal(whole.Trainer.Bytes(), second.Trainer.Bytes());
    }

    sealed class Run : IDisposable
    {
        readonly DecoderModel _policy = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        readonly IDisposable[] _others;

        public Run(PpoHParams hparams) => (Trainer, _others) = TinyPpo.Start(_policy, hparams);

        public PpoTrainer Trainer { get; }

        public List<IReadOnlyDictionary<string, double>> Metrics { get; } = [];

        public void Update() => Metrics.Add(Trainer.Update(Token));

        public void ToEnd()
        {
            while (Trainer.Completed < Trainer.Updates) Update();
            Trainer.Finish();
        }

        public float[] Weights() => [.. _policy.Parameters.Flat.cpu().data<float>()];

        public void Dispose()
        {
            Trainer.Dispose();
            _policy.Dispose();
            foreach (var other in _others) other.Dispose();
        }
    }
}
