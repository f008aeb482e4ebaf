using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>What the strength of judgements does: nothing, a margin the better side must lead by, a weight of the pair, or both.</summary>
public enum StrengthUse { Ignore, Margin, Weight, Both }

/// <summary>
/// What is done with pairs on which labelers disagree: left out; their label softened to the mean probability of all such pairs; counted less
/// (2·probability − 1); or kept with their own soft label and no margin, twice in the last third of an epoch.
/// </summary>
public enum LowAgreement { Drop, Bucket, Downweight, Hard }

/// <summary>What is done with comparisons without a majority: kept with the label 0.5, or left out.</summary>
public enum TieUse { Soft, Drop }

/// <summary>What one element of a batch is: a pair, or all judged completions of a prompt with all their pairs.</summary>
public enum PairGrouping { Pair, Prompt }

/// <summary>What is done about scores that depend on length; residual: the reference policy's line is taken off, normalized: divided by length.</summary>
public enum LengthTreatment { None, Residual, Normalized }

/// <summary>Trains a reward model, or an ensemble: a policy's decoder with a scalar head at the last token, Bradley-Terry loss.</summary>
public static class TrainRewardModel
{
    public sealed record Inputs(
        [property: Description("Policy whose decoder it starts from; it may have another tokenizer than the policy that is trained.")] ArtifactRef Backbone,
        [property: Description("Preference pairs; held-out ones are not trained on.")] ArtifactRef Preferences,
        [property: Description("Completions of the reference policy, on which the scores are normalized to mean 0 and deviation 1.")]
        ArtifactRef Completions,
        [property: Description("Prompt set the completions answer.")] ArtifactRef Prompts,
        [property: Description("Seed of head and order.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 100), Description("Passes over the pairs.")] int Epochs = 1,
        [property: Range(1, 4096), Description("Pairs, or prompts, per update.")] int BatchSize = 32,
        [property: Range(1e-7, 1.0), Description("Peak learning rate; falls to zero along a cosine.")] double LearningRate = 1e-3,
        [property: Range(0, 10000), Description("Updates over which the learning rate rises to its peak.")] int WarmupUpdates = 10,
        [property: Range(0.0, 1.0), Description("Decoupled weight decay.")] double WeightDecay = 0.01,
        [property: Range(2, 1_000_000), Description("Completions the scores are normalized on.")] int NormalizeOn = 512,
        [property: Description("What the strength of judgements does.")] StrengthUse Strength = StrengthUse.Ignore,
        [property: Range(0.0, 10.0), Description("Margin, in log-odds, of the greatest strength; others in proportion (Llama 2: 1 small, 3 large).")]
        double MarginScale = 1.0,
        [property: Description("What is done with pairs on which labelers disagree.")] LowAgreement LowAgreement = LowAgreement.Bucket,
        [property: Range(0.0, 1.0), Description("Agreement below which labelers disagree.")] double AgreementThreshold = 0.75,
        [property: Description("What is done with comparisons without a majority.")] TieUse Ties = TieUse.Soft,
        [property: Description("Whether pairs above the threshold too carry the share of judgements as their label.")] bool SoftLabels = false,
        [property: Range(0.0, 0.5), Description("Share of each label given to the other side.")] double LabelSmoothing = 0.0,
        [property: Range(0.0, 1.0), Description("Weight of (chosen + rejected)², which keeps scores around zero.")] double Centering = 0.0,
        [property: Description("What one element of a batch is.")] PairGrouping Grouping = PairGrouping.Pair,
        [property: Description("Draws pairs whose better side is longer and pairs whose better side is shorter equally often.")]
        bool LengthBalanced = false,
        [property: Description("What is done about scores that depend on length.")] LengthTreatment LengthTreatment = LengthTreatment.None,
        [property: Range(1, 16), Description("Members of the ensemble, trained with different seeds of head and order.")] int Members = 1,
        [property: Range(0, 100_000), Description("Updates between two looks at the validation pairs for early stopping; 0: none.")]
        int StopEvery = 0,
        [property: Range(1, 1000), Description("Looks without a better validation loss after which the training ends.")] int StopPatience = 3,
        [property: Range(0.01, 0.5), Description("Share of the training prompts kept for validation where there is early stopping.")]
        double ValidationShare = 0.1,
        [property: Description("Keeps of each layer only its input and computes the layer again for the backward pass: less memory, more time, the same numbers.")]
        bool GradientCheckpointing = false) : IValidated
    {
        public HParams() : this(1) { }

        public string? Validate() =>
            LengthBalanced && Grouping == PairGrouping.Prompt ? "'lengthBalanced' is true with 'grouping' Prompt; expected Pair, since a prompt's pairs can't be drawn apart."
            : Grouping == PairGrouping.Prompt && LowAgreement == LowAgreement.Hard ? "'lowAgreement' is Hard with 'grouping' Prompt; expected Pair, since a prompt's pairs can't be drawn apart."
            : null;
    }

    public sealed record Outputs(
        [property: Description("Reward model, or ensemble.")] ArtifactRef RewardModel,
        [property: Description("Language-model loss of the backbone on the reference completions before the training, in nats a token.")]
        double LanguageLossBefore,
        [property: Description("The same after it; of an ensemble, of its first member.")] double LanguageLossAfter);

    public static readonly StepDescription Description = new(
        nameof(TrainRewardModel), 3, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Fits a reward model to preference pairs.")
    { Queue = "gpu" };
}
