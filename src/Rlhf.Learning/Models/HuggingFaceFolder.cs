using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// A model folder as the Hub holds it: <c>config.json</c>, <c>generation_config.json</c>, <c>model.safetensors</c> or shards of it, tokenizer files.
/// Equal models give equal bytes.
/// </summary>
public static class HuggingFaceFolder
{
    /// <summary>The file that says that a folder is one.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Largest shard by default, in bytes; a smaller model is one file.</summary>
    public const long LargestShard = 5_000_000_000;

    const string GenerationFile = "generation_config.json";
    const string ScoreWeight = "score.weight";
    /// <summary>Where a low-rank adapter stands.</summary>
    public const string AdapterFolder = "adapter";

    const string OutputLayer = "lm_head.weight";

    // transformers' models that give scores have no output layer; ours keep it beside, so that they can be a policy's beginning again.
    const string OutputLayerFile = "lm_head.safetensors";

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>
    /// Writes model and tokenizer into a folder, which is made where it is missing. A low-rank adapter stands in its folder <c>adapter</c> beside the
    /// weights, which stay as they are; <see cref="DecoderModel.Merge"/> first for one model.
    /// </summary>
    /// <exception cref="InvalidDataException">The tokenizer does not match the weights, or a number does not fit the type.</exception>
    public static void Save(string folder, DecoderModel model, ITokenizer tokenizer, WeightType type = WeightType.Float32, long largestShard = LargestShard)
    {
        Write(folder, model, tokenizer, ModelHead.Language, type);
        ShardedWriter.Write(folder, Tensors(model), type, largestShard);
        if (model.Adapter is { } adapter) LowRankFolder.Save(Path.Combine(folder, AdapterFolder), adapter, "..");
    }

    /// <summary>Writes the decoder without its output layer and a layer of one output, as transformers' <c>…ForSequenceClassification</c> has it.</summary>
    /// <param name="score">[1, hidden]</param>
    /// <inheritdoc cref="Save"/>
    public static void SaveScorer(
        string folder, DecoderModel model, ITokenizer tokenizer, Tensor score, WeightType type = WeightType.Float32, long largestShard = LargestShard)
    {
        if (model.Adapter is not null) throw new ArgumentException("The model has a low-rank adapter, which a model that gives scores has no place for; expected it merged.");
        Write(folder, model, tokenizer, ModelHead.Score, type);
        var tensors = Tensors(model);
        ShardedWriter.Write(folder, [.. tensors.Where(t => t.Name != OutputLayer), (ScoreWeight, score)], type, largestShard);
        if (tensors.Where(t => t.Name == OutputLayer).ToList() is { Count: > 0 } output) Safetensors.Write(Path.Combine(folder, OutputLayerFile), output, type);
    }

    /// <summary>Reads a model that predicts tokens, and its tokenizer; of one that also gives scores, the scoring layer is left out.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, the tokenizer does not match the weights, or the model has no output layer.</exception>
    public static (DecoderModel Model, ITokenizer Tokenizer) Load(string folder, Device device, bool trainable = true)
    {
        var (model, tokenizer, score) = LoadAny(folder, device, trainable);
        score?.Dispose();
        if (model.PredictsTokens) return (model, tokenizer);
        model.Dispose();
        throw new InvalidDataException($"'{folder}' holds a model that scores texts and has no output layer; expected one that predicts tokens.");
    }

    /// <summary>Reads a model of either kind; the layer of one output, [1, hidden] on <paramref name="device"/>, is null where it predicts tokens.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the tokenizer does not match the weights.</exception>
    public static (DecoderModel Model, ITokenizer Tokenizer, Tensor? Score) LoadAny(string folder, Device device, bool trainable = true)
    {
        var (read, head) = DecoderConfigJson.Read(Path.Combine(folder, ConfigFile));
        var tokenizer = TokenizerFolder.Load(folder);
        var config = WithEnds(folder, read, tokenizer);
        if (tokenizer.VocabularySize < config.VocabSize) config = config with { TokenCount = tokenizer.VocabularySize };
        Check(folder, config, tokenizer);
        var hasOutputFile = head == ModelHead.Score && File.Exists(Path.Combine(folder, OutputLayerFile));
        if (hasOutputFile) config = config with { HasLanguageHead = true };
        using var checkpoint = Checkpoint.Open(folder, hasOutputFile ? [OutputLayerFile] : []);
        (string, long[])[] extra = head == ModelHead.Score ? [(ScoreWeight, [1, config.HiddenSize])] : [];
        var hasAdapter = File.Exists(Path.Combine(folder, AdapterFolder, LowRankFolder.ConfigFile));
        var adapter = hasAdapter ? LowRankFolder.Load(Path.Combine(folder, AdapterFolder), config, device, trainable) : null;
        try
        {
            var (parameters, tensors) = checkpoint.Read(config, extra, device, trainable && !hasAdapter);
            return (new(config, parameters, adapter), tokenizer, tensors.GetValueOrDefault(ScoreWeight)?.DetachFromDisposeScope());
        }
        catch
        {
            adapter?.Dispose();
            throw;
        }
    }

    internal static void Check(string folder, DecoderConfig config, ITokenizer tokenizer)
    {
        if (tokenizer.VocabularySize > config.VocabSize)
            throw new InvalidDataException(
                $"'{folder}' has a tokenizer that does not match the weights: it knows {tokenizer.VocabularySize} tokens, "
                + $"but the model was made for {config.VocabSize}.");
        if (tokenizer.EosId != config.EosTokenId && !config.MoreEndIds.Contains(tokenizer.EosId))
            throw new InvalidDataException(
                $"'{folder}' has a tokenizer that does not match the weights: it ends a text with id {tokenizer.EosId}, "
                + $"the model with {string.Join(" or ", (int[])[config.EosTokenId, .. config.MoreEndIds])}.");
    }

    /// <summary>Every id that one of the files ends a text with; the tokenizer's is the one that training writes.</summary>
    static DecoderConfig WithEnds(string folder, DecoderConfig config, ITokenizer tokenizer)
    {
        // An id that the tokenizer does not know is never drawn, so it ends nothing.
        int[] ends = [.. new[] { config.EosTokenId }.Concat(config.MoreEndIds).Concat(GenerationEnds(folder)).Where(id => id < tokenizer.VocabularySize)];
        return ends.Contains(tokenizer.EosId)
            ? (config with { EosTokenId = tokenizer.EosId, MoreEndIds = ends.Distinct().Where(id => id != tokenizer.EosId).ToArray() is { Length: > 0 } more ? more : [] }).Validate()
            : config;
    }

    static IReadOnlyList<int> GenerationEnds(string folder)
    {
        var path = Path.Combine(folder, GenerationFile);
        if (!File.Exists(path)) return [];
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(path))?.AsObject() ?? throw new JsonException("it is null");
            return json["eos_token_id"] is null ? [] : new ConfigValues(json, path).Ends();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no usable generation configuration: {e.Message.TrimEnd('.')}.", e);
        }
    }

    static void Write(string folder, DecoderModel model, ITokenizer tokenizer, ModelHead head, WeightType type)
    {
        Check(folder, model.Config, tokenizer);
        Directory.CreateDirectory(folder);
        // transformers finds a text's last token by the padding behind it, and scores no batch without knowing its id.
        var config = head == ModelHead.Score ? model.Config with { PadTokenId = model.Config.PadTokenId ?? tokenizer.PadId } : model.Config;
        WriteJson(folder, ConfigFile, DecoderConfigJson.Write(config, head, type));
        if (head == ModelHead.Language)
            WriteJson(folder, GenerationFile, new JsonObject
            {
                ["bos_token_id"] = model.Config.BosTokenId,
                ["eos_token_id"] = FamilyFormat.Ends(model.Config),
                ["pad_token_id"] = model.Config.PadTokenId,
            });
        // llama2.c's own form is read by nothing on the Hub.
        (tokenizer is Llama2cTokenizer llama2c ? llama2c.ToHuggingFace() : tokenizer).Save(folder);
    }

    static IReadOnlyList<(string Name, Tensor Value)> Tensors(DecoderModel model)
    {
        using var mode = no_grad();
        return [.. CheckpointLayout.Of(model.Config).Select(t =>
        {
            var value = t.Parameters.Length == 1 ? model.Parameters[t.Parameters[0]] : model.Parameters.Joined(t.Parameters);
            return (t.Name, t.Transposed ? value.t() : value);
        })];
    }

    static void WriteJson(string folder, string file, JsonObject json) =>
        File.WriteAllText(Path.Combine(folder, file), json.ToJsonString(Indented) + "\n");
}
