using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Learning.Tokenizers;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// A model folder as the Hub holds it: <c>config.json</c>, <c>model.safetensors</c>, tokenizer files. Equal models give equal bytes.
/// </summary>
public static class HuggingFaceFolder
{
    /// <summary>The file that says that a folder is one.</summary>
    public const string ConfigFile = "config.json";

    const string WeightsFile = "model.safetensors";
    const string GenerationFile = "generation_config.json";

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Writes model and tokenizer into a folder, which is made where it is missing.</summary>
    public static void Save(string folder, LlamaModel model, ITokenizer tokenizer)
    {
        Check(folder, model.Config, tokenizer);
        Directory.CreateDirectory(folder);
        WriteJson(folder, ConfigFile, LlamaConfigJson.Write(model.Config));
        WriteJson(folder, GenerationFile, new JsonObject
        {
            ["bos_token_id"] = model.Config.BosTokenId,
            ["eos_token_id"] = model.Config.EosTokenId,
            ["pad_token_id"] = model.Config.PadTokenId,
        });
        Safetensors.Write(Path.Combine(folder, WeightsFile), model.Parameters.Names.Select(name => (name, model.Parameters[name])));
        tokenizer.Save(folder);
    }

    /// <summary>Reads a model and its tokenizer.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or the tokenizer does not match the weights.</exception>
    public static (LlamaModel Model, ITokenizer Tokenizer) Load(string folder, Device device, bool trainable = true)
    {
        var config = LlamaConfigJson.Read(Path.Combine(folder, ConfigFile));
        var tokenizer = TokenizerFolder.Load(folder);
        Check(folder, config, tokenizer);
        var parameters = Safetensors.ReadParameters(Path.Combine(folder, WeightsFile), config.ParameterShapes(), device, trainable);
        return (new(config, parameters), tokenizer);
    }

    internal static void Check(string folder, LlamaConfig config, ITokenizer tokenizer)
    {
        if (tokenizer.VocabularySize != config.VocabSize)
            throw new InvalidDataException(
                $"'{folder}' has a tokenizer that does not match the weights: it knows {tokenizer.VocabularySize} tokens, "
                + $"but the model was made for {config.VocabSize}.");
        if (tokenizer.BosId != config.BosTokenId || tokenizer.EosId != config.EosTokenId)
            throw new InvalidDataException(
                $"'{folder}' has a tokenizer that does not match the weights: it begins and ends a text with ids "
                + $"{tokenizer.BosId} and {tokenizer.EosId}, the model with {config.BosTokenId} and {config.EosTokenId}.");
    }

    static void WriteJson(string folder, string file, JsonObject json) =>
        File.WriteAllText(Path.Combine(folder, file), json.ToJsonString(Indented) + "\n");
}
