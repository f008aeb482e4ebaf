using Rlhf.Learning.Sampling;

namespace Rlhf.Learning.Ppo;

/// <summary>From the scores of completions to what their rewards add up to without the KL: scaled, clipped, then less the penalties.</summary>
public sealed class RewardShaping(PpoHParams hparams)
{
    /// <summary>Deviation of all scores so far; scores are divided by it where that is on.</summary>
    public RunningScale Scale { get; } = new();

    /// <summary>What scores are multiplied by.</summary>
    public double Factor => hparams.RewardScaling ? 1 / Scale.Deviation : 1;

    /// <summary>One number a completion; takes the scores into the running scale first.</summary>
    public float[] Shape(IReadOnlyList<float> scores, IReadOnlyList<SampledCompletion> completions)
    {
        if (hparams.RewardScaling) Scale.Add(scores);
        return [.. scores.Select((s, i) => (float)(Clip(s * Factor) - Penalty(completions[i].Sequence.Length - completions[i].PromptLength, completions[i].Finished)))];
    }

    /// <summary>The score within ± <see cref="PpoHParams.RewardClip"/>.</summary>
    public double Clip(double score) => hparams.RewardClip > 0 ? Math.Clamp(score, -hparams.RewardClip, hparams.RewardClip) : score;

    /// <summary>Taken off for a missing end of sequence, for coming near the longest length (Yu et al. 2025), and for each token.</summary>
    public double Penalty(int length, bool finished) =>
        (finished ? 0 : hparams.MissingEosPenalty)
        + (hparams.OverlongPenalty > 0 ? hparams.OverlongPenalty * Overlong(length) : 0)
        + hparams.LengthPenalty * Math.Max(0, length - hparams.LengthPenaltyFrom);

    double Overlong(int length) =>
        (double)Math.Clamp(length - (hparams.OverlongLength - hparams.OverlongBuffer), 0, hparams.OverlongBuffer) / hparams.OverlongBuffer;
}
