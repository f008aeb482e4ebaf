using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>How prompts are taken from a text: whole documents, their first sentences, or by the form of the file.</summary>
public enum PromptTake { Auto, All, FirstSentence }

/// <summary>Makes a versioned prompt set: normalized, deduplicated, each prompt held out or not by a hash of its text alone.</summary>
public static class PreparePrompts
{
    public sealed record Inputs(
        [property: Description("A text artifact with prompts, or a prompt set that is ready. Without one, prompts are generated from the seed.")]
        ArtifactRef? Source,
        [property: Description("Seed of the generated prompts.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 1_000_000), Description("Prompts to generate where no source is given.")] int Count = 6000,
        [property: Range(0.01, 0.9), Description("Share of prompts held out from training for ever.")] double HeldOutShare = 0.25,
        [property: Description("What of each text is the prompt; auto: the first sentence of a JSON array of texts, otherwise all of it.")]
        PromptTake Take = PromptTake.Auto)
    {
        public HParams() : this(6000) { }
    }

    public sealed record Outputs([property: Description("Prompt set.")] ArtifactRef Prompts);

    public static readonly StepDescription Description = new(
        nameof(PreparePrompts), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Normalizes and deduplicates prompts and holds some out by a hash of their text.");
}
