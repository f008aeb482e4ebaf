using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Randomness;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using Rlhf.Steps.Artifacts;

namespace Rlhf.ScoringLoad;

/// <summary>A reward model of random weights: what it costs depends on its shape alone.</summary>
/// <param name="Texts">Texts that are scored over and over.</param>
sealed record Shape(string Name, DecoderConfig Config, int Texts)
{
    /// <summary>The shapes of the proof: stories260K of karpathy's llama2.c, and one of 6 layers, 288 wide, with 32,000 tokens.</summary>
    public static IReadOnlyList<Shape> All { get; } =
    [
        new("stories260K", Llama(64, 172, 5, 8, 4, 512), 2048),
        new("dim 288, 6 layers, 32,000 tokens", Llama(288, 768, 6, 6, 6, 32_000), 256),
    ];

    static DecoderConfig Llama(int hidden, int intermediate, int layers, int heads, int keyValueHeads, int vocabulary) => new()
    {
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        NumHiddenLayers = layers,
        NumAttentionHeads = heads,
        NumKeyValueHeads = keyValueHeads,
        VocabSize = vocabulary,
        MaxPositionEmbeddings = 256,
        BosTokenId = 1,
        EosTokenId = 2,
    };

    /// <summary>The model, whose tokenizer knows fewer tokens than the weights have rows.</summary>
    public RewardModel Make()
    {
        var tokenizer = BpeTrainer.Train(["The cat sat on the mat and looked at the moon, and then it ran home."], 280);
        var config = Config with { BosTokenId = tokenizer.BosId ?? 1, EosTokenId = tokenizer.EosId, TokenCount = tokenizer.VocabularySize };
        return new(DecoderModel.Initialize(config, 1, TorchDevice.FromEnvironment()).Clone(), ScalarHead.Random(config.HiddenSize, 1, TorchDevice.FromEnvironment()), tokenizer);
    }

    /// <summary>Texts of so many tokens, evenly, each its own.</summary>
    public IReadOnlyList<ScoredText> Sequences(RewardModel model, int shortest, int longest) => [.. Enumerable.Range(0, Texts).Select(i =>
    {
        double Uniform(uint t) => CounterRandom.Uniform(7, (ulong)i, 0, t);
        var length = shortest + (int)((longest - shortest + 1) * Uniform(0));
        return new ScoredText([.. Enumerable.Range(0, length - 1).Select(t => (int)(Uniform((uint)t + 1) * model.Tokenizer.VocabularySize)), model.Tokenizer.EosId], 6);
    })];

    public static async Task<ArtifactRef> PutAsync(RewardModel model, string store)
    {
        var folder = Directory.CreateTempSubdirectory("rlhf-load-").FullName;
        try
        {
            model.Save(folder);
            return await new ArtifactStore(new FolderObjectStore(store)).PutFolderAsync("reward-model", folder, CancellationToken.None);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
