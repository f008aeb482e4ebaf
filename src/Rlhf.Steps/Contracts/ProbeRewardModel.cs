using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>
/// What best-of-n says of a reward model before PPO is paid for: proxy by the unbiased estimator over pools (Nakano et al. 2021), gold by judgements, and the
/// law of best-of-n where the points carry it. Hopeless: what the reward model calls best cannot be told from any other completion.
/// </summary>
public static class ProbeRewardModel
{
    public sealed record Inputs(
        [property: Description("Pools of completions with scores.")] ArtifactRef Samples,
        [property: Description("Comparisons of the best of n.")] ArtifactRef Comparisons,
        [property: Description("What was said of them.")] ArtifactRef Judgements);

    public sealed record HParams(
        [property: Range(-10.0, 10.0), Description("Gold gain, in standard deviations, that the best of n together must have for certain: the lower bound of its interval is above this.")]
        double LeastGain = 0,
        [property: Range(40, 100_000), Description("Resamples of the bootstrap.")] int Resamples = 2000)
    {
        public HParams() : this(0) { }
    }

    public sealed record Outputs(
        [property: Description("What the monitor knows before the training.")] ArtifactRef Overoptimization,
        [property: Description("Gold gain of the best of n together, in standard deviations.")] double Gain);

    public static readonly StepDescription Description = new(
        nameof(ProbeRewardModel), 2, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Says by best-of-n whether a reward model is worth a training.")
    { Outcomes = ["Continue", "Hopeless"] };
}
