using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Tests.Imports;

/// <summary>Models that come in from a folder and go out into one are the same models.</summary>
public sealed class ModelImportTests : IDisposable
{
    static readonly string[] Texts = ["Mia saw a red ball in the garden.", "Tom had a dog, and the dog had a bone."];

    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    string Folder(string name) => Path.Combine(_run.Folder, name);

    static ByteLevelBpeTokenizer Tokenizer() => BpeTrainer.Train(Texts, 280);

    static DecoderModel Model(DecoderFamily family, ITokenizer tokenizer, bool tied = false) => DecoderModel.Initialize(new()
    {
        Family = family,
        VocabSize = tokenizer.VocabularySize,
        HiddenSize = 16,
        IntermediateSize = 24,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        NumKeyValueHeads = family == DecoderFamily.Gpt2 ? 2 : 1,
        MaxPositionEmbeddings = 32,
        TieWordEmbeddings = tied || family == DecoderFamily.Gpt2,
        BosTokenId = tokenizer.BosId,
        EosTokenId = tokenizer.EosId,
        PadTokenId = tokenizer.PadId,
    }, seed: 3, CPU);

    static RewardModel Scorer(ulong seed)
    {
        var tokenizer = Tokenizer();
        var model = Model(DecoderFamily.Llama, tokenizer);
        var scorer = new RewardModel(model, ScalarHead.Random(16, seed, CPU), tokenizer);
        scorer.Normalize(Scored(scorer), LengthTreatment.None, 2, Token);
        return scorer;
    }

    static List<ScoredText> Scored(RewardModel scorer) => [.. Texts.Select(t => scorer.Encode("A story. ", t))];

    Task<ExportedModel> Export(
        ArtifactRef artifact, string folder, WeightType type = WeightType.Float32, long shard = HuggingFaceFolder.LargestShard, bool adapterOnly = false) =>
        ModelExport.RunAsync(_run.Artifacts, artifact, Folder(folder), type, shard, adapterOnly, Token);

    Task<ImportedModel> Import(string folder, string? adapter = null) =>
        ModelImport.RunAsync(_run.Artifacts, Folder(folder), adapter is null ? null : Folder(adapter), Token);

    [Theory]
    [InlineData(DecoderFamily.Llama)]
    [InlineData(DecoderFamily.Mistral)]
    [InlineData(DecoderFamily.Qwen2)]
    [InlineData(DecoderFamily.Qwen3)]
    [InlineData(DecoderFamily.Gpt2)]
    public async Task A_policy_of_every_family_comes_back_from_shards_as_the_same_artifact(DecoderFamily family)
    {
        var tokenizer = Tokenizer();
        using var model = Model(family, tokenizer);
        HuggingFaceFolder.Save(Folder("hub"), model, tokenizer, largestShard: 8_000);

        var imported = await Import("hub");
        var exported = await Export(imported.Artifact, "out", shard: 20_000);
        var again = await Import("out");

        Assert.Equal(imported.Artifact, again.Artifact);
        Assert.Equal("policy", imported.Artifact.Kind);
        Assert.Equal((family, model.Parameters.Count, 32, tokenizer.VocabularySize, false, 1),
            (imported.Model.Family, imported.Model.Parameters, imported.Model.Context, imported.Model.Vocabulary, imported.Model.HasChatTemplate, imported.Model.Members));
        Assert.True(imported.Source.Files > again.Source.Files && again.Source.Files > 1);
        Assert.Equal(["float32"], imported.Source.Types);
        Assert.Empty(exported.LeftOut);
        var (back, _) = HuggingFaceFolder.Load(Folder("out"), CPU);
        using (back) Assert.Equal(model.Parameters.Flat.data<float>().ToArray(), back.Parameters.Flat.data<float>().ToArray());
    }

    [Theory]
    [InlineData(WeightType.BFloat16, "bfloat16")]
    [InlineData(WeightType.Float16, "float16")]
    public async Task What_was_rounded_to_16_bits_comes_back_bit_for_bit(WeightType type, string name)
    {
        var tokenizer = Tokenizer();
        using var model = Model(DecoderFamily.Llama, tokenizer);
        HuggingFaceFolder.Save(Folder("hub"), model, tokenizer, type);

        var imported = await Import("hub");
        await Export(imported.Artifact, "out", type);

        Assert.Equal([name], imported.Source.Types);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Folder("hub"), "model.safetensors"), Token), await File.ReadAllBytesAsync(Path.Combine(Folder("out"), "model.safetensors"), Token));
    }

    [Fact]
    public async Task A_value_head_is_left_out_and_said_so()
    {
        using var tied = Model(DecoderFamily.Llama, Tokenizer(), tied: true);
        HuggingFaceFolder.Save(Folder("trained"), tied, Tokenizer());
        await File.WriteAllTextAsync(Path.Combine(Folder("trained"), "value_head.safetensors"), "any", Token);
        var trained = await _run.Artifacts.PutFolderAsync("policy", Folder("trained"), Token);

        var exported = await Export(trained, "out");

        Assert.Equal(["value_head.safetensors"], exported.LeftOut);
        Assert.False(File.Exists(Path.Combine(Folder("out"), "value_head.safetensors")));
    }

    [Theory]
    [InlineData("chat_template.jinja", "{{ messages }}\n")]
    [InlineData("tokenizer_config.json", null)]
    public async Task A_chat_template_goes_with_its_model_wherever_it_stood(string file, string? content)
    {
        const string template = "{{ messages }}\n";
        using var model = Model(DecoderFamily.Llama, Tokenizer());
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        var path = Path.Combine(Folder("hub"), file);
        await File.WriteAllTextAsync(path, content ?? (await File.ReadAllTextAsync(path, Token)).TrimEnd()[..^1] + ",\"chat_template\":\"{{ messages }}\\n\"}", Token);

        var imported = await Import("hub");
        await Export(imported.Artifact, "out");

        Assert.True(imported.Model.HasChatTemplate);
        Assert.Equal(template, TokenizerFolder.Load(Folder("out")).ChatTemplate);
        Assert.Equal(imported.Artifact, (await Import("out")).Artifact);
    }

    [Fact]
    public async Task An_adapter_goes_in_and_out_alone_or_merged()
    {
        using var model = Model(DecoderFamily.Qwen2, Tokenizer());
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        using var adapter = LowRankAdapter.Initialize(new(2, 4, ["q_proj", "down_proj"]), model.Config, 5, CPU);
        using (no_grad()) adapter.Parameters.Flat.add_(0.1);
        LowRankFolder.Save(Folder("peft"), adapter, "base");

        var imported = await Import("hub", "peft");
        await Export(imported.Artifact, "adapter", adapterOnly: true);
        await Export(imported.Artifact, "merged");

        Assert.Equal(2, imported.Model.AdapterRank);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Folder("peft"), "adapter_model.safetensors"), Token), await File.ReadAllBytesAsync(Path.Combine(Folder("adapter"), "adapter_model.safetensors"), Token));
        Assert.Equal(imported.Artifact, (await Import("hub", "adapter")).Artifact);
        Assert.False(Directory.Exists(Path.Combine(Folder("merged"), "adapter")));
        adapter.MergeInto(model.Parameters);
        using var merged = PolicyFolder.Load(Folder("merged"), CPU, trainable: false).Model;
        Assert.Equal(model.Parameters.Flat.data<float>().ToArray(), merged.Parameters.Flat.data<float>().ToArray());
    }

    [Fact]
    public async Task A_model_without_an_adapter_has_none_to_export()
    {
        using var model = Model(DecoderFamily.Llama, Tokenizer());
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        var imported = await Import("hub");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Export(imported.Artifact, "out", adapterOnly: true));

        Assert.Equal($"{imported.Artifact} has no low-rank adapter; expected a policy that was trained with 'loraRank' above 0.", error.Message);
    }

    [Fact]
    public async Task A_reward_model_comes_back_with_its_scores()
    {
        using var scorer = Scorer(seed: 5);
        scorer.Save(Folder("hub"));

        var imported = await Import("hub");
        await Export(imported.Artifact, "out", shard: 8_000);
        var again = await Import("out");

        Assert.Equal("reward-model", imported.Artifact.Kind);
        Assert.Equal(imported.Artifact, again.Artifact);
        using var back = RewardModel.Load(Folder("out"), CPU);
        Assert.Equal(scorer.Score(Scored(scorer), 2, Token), back.Score(Scored(back), 2, Token));
    }

    [Fact]
    public async Task An_ensemble_has_a_folder_for_each_member_and_its_language_loss_is_left_out()
    {
        using var first = Scorer(seed: 5);
        using var second = Scorer(seed: 6);
        first.Save(Path.Combine(Folder("both"), "member-1"));
        second.Save(Path.Combine(Folder("both"), "member-2"));
        var imported = await Import("both");
        await File.WriteAllTextAsync(Path.Combine(Folder("both"), "language_loss.json"), """{"before":2.0,"after":2.0,"tokens":9}""", Token);
        var trained = await _run.Artifacts.PutFolderAsync("reward-model", Folder("both"), Token);

        var exported = await Export(trained, "out");

        Assert.Equal(2, exported.Model.Members);
        Assert.Equal(["language_loss.json"], exported.LeftOut);
        Assert.Equal(imported.Artifact, (await Import("out")).Artifact);
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_named_and_stays_as_it_is()
    {
        var policy = ArtifactRef.Parse(await _run.TinyPolicy());
        Directory.CreateDirectory(Folder("full"));
        await File.WriteAllTextAsync(Path.Combine(Folder("full"), "mine.txt"), "mine", Token);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => Export(policy, "full"));

        Assert.Contains(Folder("full"), refused.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Folder("full")));
    }

    [Fact]
    public async Task Nothing_stays_of_an_export_that_does_not_fit_its_type()
    {
        using var model = Model(DecoderFamily.Llama, Tokenizer());
        model.Parameters.Set("model.norm.weight", tensor([.. Enumerable.Repeat(100_000f, 16)]));
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        var imported = await Import("hub");

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Export(imported.Artifact, "out", WeightType.Float16));

        Assert.Contains("model.norm.weight", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(Folder("out")));
    }

    [Fact]
    public async Task A_damaged_folder_is_refused_with_a_sentence_and_nothing_is_stored()
    {
        using var model = Model(DecoderFamily.Llama, Tokenizer());
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        var weights = Path.Combine(Folder("hub"), "model.safetensors");
        await File.WriteAllBytesAsync(weights, (await File.ReadAllBytesAsync(weights, Token))[..^10], Token);

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => Import("hub"));

        Assert.Contains("model.safetensors", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await _run.Artifacts.ListAsync(Token));
        await Assert.ThrowsAsync<ArgumentException>(() => Import("nowhere"));
    }

    [Fact]
    public async Task A_cancelled_import_stores_nothing_and_a_cancelled_export_leaves_nothing()
    {
        using var model = Model(DecoderFamily.Llama, Tokenizer());
        HuggingFaceFolder.Save(Folder("hub"), model, Tokenizer());
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ModelImport.RunAsync(_run.Artifacts, Folder("hub"), null, cancelled.Token));
        Assert.Empty(await _run.Artifacts.ListAsync(Token));

        var imported = await Import("hub");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ModelExport.RunAsync(_run.Artifacts, imported.Artifact, Folder("out"), WeightType.Float32, HuggingFaceFolder.LargestShard, false, cancelled.Token));
        Assert.False(Directory.Exists(Folder("out")) && Directory.EnumerateFileSystemEntries(Folder("out")).Any());
    }
}
