using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>The policy everything starts from: a given model, or a small decoder trained from scratch (supervised, next token).</summary>
public static class PreparePolicy
{
    public sealed record Inputs(
        [property: Description("A model folder: Hugging Face or llama2.c; or a reward model, whose backbone is taken. Without one, a small model is trained from scratch.")] ArtifactRef? Model,
        [property: Description("Seed of weights, text and order.")] long Seed);

    public sealed record HParams(
        [property: Range(8, 8192), Description("Width of the model.")] int HiddenSize = 64,
        [property: Range(8, 32768), Description("Width of the feed-forward layers.")] int IntermediateSize = 176,
        [property: Range(1, 128), Description("Layers.")] int Layers = 3,
        [property: Range(1, 128), Description("Attention heads.")] int Heads = 4,
        [property: Range(1, 128), Description("Key/value heads; divides the heads.")] int KeyValueHeads = 2,
        [property: Range(16, 131072), Description("Longest sequence, in tokens.")] int ContextLength = 96,
        [property: Range(260, 65536), Description("Entries of the tokenizer.")] int VocabularySize = 512,
        [property: Range(10, 10_000_000), Description("Generated texts to train on.")] int Texts = 16000,
        [property: Range(1, 1000), Description("Passes over the texts.")] int Epochs = 1,
        [property: Range(1, 4096), Description("Texts per update.")] int BatchSize = 32,
        [property: Range(1e-7, 1.0), Description("Peak learning rate; falls to zero along a cosine.")] double LearningRate = 3e-3,
        [property: Range(0, 10000), Description("Updates over which the learning rate rises to its peak.")] int WarmupUpdates = 50,
        [property: Range(0.0, 1.0), Description("Decoupled weight decay.")] double WeightDecay = 0.01,
        [property: Description("Takes the backbone of a reward model whose training made it more than 2 % worse as a language model.")]
        bool AcceptForgetting = false) : IValidated
    {
        public HParams() : this(64) { }

        public string? Validate() =>
            HiddenSize % Heads != 0 ? $"'hiddenSize' is {HiddenSize}; expected a multiple of 'heads' ({Heads})."
            : HiddenSize / Heads % 2 != 0 ? $"'hiddenSize' / 'heads' is {HiddenSize / Heads}; expected an even number (rotary embeddings turn pairs)."
            : Heads % KeyValueHeads != 0 ? $"'keyValueHeads' is {KeyValueHeads}; expected a divisor of 'heads' ({Heads})."
            : null;
    }

    public sealed record Outputs(
        [property: Description("Policy.")] ArtifactRef Policy);

    public static readonly StepDescription Description = new(
        nameof(PreparePolicy), 2, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Imports a model, or trains a small one from scratch on generated stories.")
    { Queue = "gpu" };
}
