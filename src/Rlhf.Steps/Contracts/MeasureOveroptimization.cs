using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>
/// The monitor: adds a checkpoint's proxy and gold to those before it, fits the laws of over-optimization (Gao, Schulman and Hilton 2022), and says whether
/// the training is to go on: Continue where nothing speaks against it and there is a training to go on with, Refresh where the reward model is far from what it
/// was trained on, Stop otherwise.
/// </summary>
public static class MeasureOveroptimization
{
    public sealed record Inputs(
        [property: Description("Samples of the checkpoint.")] ArtifactRef Samples,
        [property: Description("Comparisons of the checkpoint with the starting policy.")] ArtifactRef Comparisons,
        [property: Description("What was said of them.")] ArtifactRef Judgements,
        [property: Description("Updates that the checkpoint has had.")] int Update,
        [property: Description("What the monitor knew before: of earlier checkpoints, or by best-of-n.")] ArtifactRef? Overoptimization = null,
        [property: Description("Report card of the reward model, for what it was worth when it was trained.")] ArtifactRef? ReportCard = null,
        [property: Description("Number of the round, for what one more round promises.")] int? Round = null,
        [property: Description("Where the training stopped, as TrainPolicy gives it with outcome Checkpoint; without it the training is at its end, and the outcome is never Continue.")]
        ArtifactRef? Training = null);

    public sealed record HParams(
        [property: Description("Stop where the KL is beyond the upper end of the one that the fitted law predicts to be best.")] bool StopAtPrediction = true,
        [property: Description("Stop where gold, smoothed over neighboring checkpoints, is below the best so far by more than the noise of both.")] bool StopAtFall = true,
        [property: Range(40, 100_000), Description("Resamples of the bootstrap.")] int Resamples = 2000,
        [property: Range(0.0, 1.0), Description("Accuracy that the reward model may lose on the checkpoint's pairs against its report card, by more than chance explains; 1: any.")] double MostAccuracyLoss = 0.15,
        [property: Range(0.0, 1.0), Description("Calibration error that it may gain there; 1: any.")] double MostCalibrationLoss = 0.25,
        [property: Range(1.0, 1000.0), Description("Disagreement of an ensemble on the checkpoint's completions, in that on the starting policy's; 1000: any.")] double MostDisagreement = 3.0,
        [property: Range(0.0, 1000.0), Description("Distance of the reward model's hidden states from those of the starting policy's completions, in their deviations; 1000: any.")] double MostHiddenDistance = 3.0,
        [property: Range(1.0, 1000.0), Description("Sign of reward hacking: mean length in tokens, by the starting policy's or the other way round, above this.")] double MostLengthRatio = 2.0,
        [property: Range(0.0, 1.0), Description("Sign of reward hacking: share of pairs of words within a completion that repeat, above the starting policy's by this.")] double MostRepetition = 0.15,
        [property: Range(0.0, 100.0), Description("Sign of reward hacking: nats a token by the reference policy, above the starting policy's by this.")] double MostRareTokens = 1.5,
        [property: Range(0.0, 1.0), Description("Sign of reward hacking: share of completions that refuse, above the starting policy's by this.")] double MostRefusals = 0.1,
        [property: Range(0.0, 1.0), Description("Sign of reward hacking: share of completions that score more than four deviations above the checkpoint's own mean, above this.")] double MostOutliers = 0.01,
        [property: Range(0, 100), Description("Completions shown for each sign.")] int Examples = 3)
    {
        public HParams() : this(true) { }
    }

    public sealed record Outputs(
        [property: Description("What the monitor knows now.")] ArtifactRef Overoptimization,
        [property: Description("The checkpoint that is best by gold, smoothed over neighboring ones.")] ArtifactRef Best,
        [property: Description("KL of that checkpoint to the starting policy, in nats.")] double BestKl,
        [property: Description("Mean score of that checkpoint's samples.")] double BestScore,
        [property: Description("Gold of that checkpoint, in standard deviations above the starting policy's.")] double BestGold = 0,
        [property: Description("KL of that checkpoint to the reference policy, in nats.")] double BestKlToReference = 0);

    public static readonly StepDescription Description = new(
        nameof(MeasureOveroptimization), 5, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Measures over-optimization at a checkpoint, and says whether PPO goes on.")
    { Outcomes = ["Continue", "Stop", "Refresh"] };
}
