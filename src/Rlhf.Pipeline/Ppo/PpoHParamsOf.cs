using Rlhf.Learning.Optimization;
using Rlhf.Learning.Ppo;
using Rlhf.Steps.Contracts;

namespace Rlhf.Pipeline.Ppo;

/// <summary>From the contract's hparams to the trainer's: the same names, and the seed beside them.</summary>
static class PpoHParamsOf
{
    public static PpoHParams Training(TrainPolicy.HParams hparams, long seed) => new()
    {
        Updates = hparams.Updates,
        ValueWarmupUpdates = hparams.ValueWarmupUpdates,
        RolloutSize = hparams.RolloutSize,
        SamplesPerPrompt = hparams.SamplesPerPrompt,
        Epochs = hparams.Epochs,
        MinibatchSize = hparams.MinibatchSize,
        MicrobatchSize = hparams.MicrobatchSize,
        LearningRate = hparams.LearningRate,
        Anneal = Same<Anneal>(hparams.LearningRateAnneal),
        WarmupUpdates = hparams.WarmupUpdates,
        Adam = new(hparams.AdamBeta1, hparams.AdamBeta2, hparams.AdamEpsilon),
        MaxGradientNorm = hparams.MaxGradientNorm,
        Ema = hparams.Ema,
        KlCoefficient = hparams.KlCoefficient,
        KlEstimator = Same<Learning.Ppo.KlEstimator>(hparams.KlEstimator),
        KlPlacement = Same<Learning.Ppo.KlPlacement>(hparams.KlPlacement),
        KlControl = Same<Learning.Ppo.KlControl>(hparams.KlControl),
        KlTarget = hparams.KlTarget,
        KlHorizon = hparams.KlHorizon,
        KlStop = hparams.KlStop,
        MaxSequenceKl = hparams.MaxSequenceKl,
        Advantages = Same<Learning.Ppo.AdvantageEstimator>(hparams.Advantages),
        Gamma = hparams.Gamma,
        Lambda = hparams.Lambda,
        Whitening = Same<Learning.Ppo.WhiteningScope>(hparams.Whitening),
        WhiteningVariance = Same<Variance>(hparams.WhiteningVariance),
        ClipRange = hparams.ClipRange,
        ClipRangeHigh = hparams.ClipRangeHigh,
        DualClip = hparams.DualClip,
        LogRatioClamp = hparams.LogRatioClamp,
        MaxRatio = hparams.MaxRatio,
        LossAggregation = Same<Learning.Ppo.LossAggregation>(hparams.LossAggregation),
        EntropyCoefficient = hparams.EntropyCoefficient,
        ValueClipRange = hparams.ValueClipRange,
        ValueCoefficient = hparams.ValueCoefficient,
        RewardScaling = hparams.RewardScaling,
        RewardClip = hparams.RewardClip,
        RewardWhitening = hparams.RewardWhitening,
        MissingEosPenalty = hparams.MissingEosPenalty,
        OverlongPenalty = hparams.OverlongPenalty,
        OverlongLength = hparams.OverlongLength,
        OverlongBuffer = hparams.OverlongBuffer,
        LengthPenalty = hparams.LengthPenalty,
        LengthPenaltyFrom = hparams.LengthPenaltyFrom,
        PtxCoefficient = hparams.PtxCoefficient,
        PtxBatchSize = hparams.PtxBatchSize,
        Temperature = hparams.Temperature,
        MaxNewTokens = hparams.MaxNewTokens,
        Slots = hparams.Slots,
        Seed = seed,
    };

    static T Same<T>(Enum value) where T : struct, Enum => Enum.Parse<T>(value.ToString());
}
