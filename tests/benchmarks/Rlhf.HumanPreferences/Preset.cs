using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;

namespace Rlhf.HumanPreferences;

/// <summary>What one reward model of this experiment depends on besides its pairs; the grid and everything around it is fixed here.</summary>
/// <param name="Hidden">Width of the decoder, a multiple of 4.</param>
/// <param name="Layers">Layers of the decoder.</param>
/// <param name="MinimumCount">A token that occurs in fewer training texts is "rare".</param>
/// <param name="PromptTokens">How many of the prompt's last tokens are read.</param>
/// <param name="Epochs">Passes over the pairs.</param>
/// <param name="LearningRate">Peak, after a warm-up of 20 updates; falls to zero.</param>
/// <param name="WeightDecay">AdamW's.</param>
sealed record Preset(int Hidden, int Layers, int MinimumCount, int PromptTokens, int Epochs, double LearningRate, double WeightDecay)
{
    public const int Context = 384, Heads = 2, Folds = 5, Members = 4, BatchSize = 16;

    public static IReadOnlyList<Preset> Grid { get; } =
    [
        new(Hidden: 16, Layers: 1, MinimumCount: 20, PromptTokens: 32, Epochs: 1, LearningRate: 5e-3, WeightDecay: 0.1),
        new(Hidden: 32, Layers: 1, MinimumCount: 50, PromptTokens: 32, Epochs: 1, LearningRate: 2e-3, WeightDecay: 0.1),
    ];

    /// <summary>The bag of words' grid, chosen from in the same way.</summary>
    public static IReadOnlyList<double> Ridges { get; } = [10, 30, 100, 300];

    public DecoderConfig Config(int vocabulary) => new()
    {
        HiddenSize = Hidden,
        IntermediateSize = 2 * Hidden,
        NumHiddenLayers = Layers,
        NumAttentionHeads = Heads,
        NumKeyValueHeads = Heads,
        VocabSize = vocabulary,
        MaxPositionEmbeddings = Context,
        TieWordEmbeddings = true, // the output layer is not used
        BosTokenId = 0,
        EosTokenId = 1,
        PadTokenId = 2,
    };

    public RewardModelHParams Training(long seed) => new(Epochs, BatchSize, LearningRate, WarmupUpdates: 20, WeightDecay, seed);
}
