using Rlhf.Learning.Tokenizers;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Loads a policy from a folder in either format: Hugging Face's or llama2.c's.</summary>
public static class PolicyFolder
{
    /// <summary>The model, trainable by default, and its tokenizer.</summary>
    /// <exception cref="InvalidDataException">The folder holds neither format, or a file in it is not usable.</exception>
    public static (DecoderModel Model, ITokenizer Tokenizer) Load(string path, Device device, bool trainable = true)
    {
        if (File.Exists(Path.Combine(path, HuggingFaceFolder.ConfigFile)))
            return HuggingFaceFolder.Load(path, device, trainable);
        if (Directory.Exists(path) && Llama2cFile.FindWeights(path) is { } weights)
            return Llama2cFile.Load(weights, device, trainable);
        throw NoPolicy(path);
    }

    /// <summary>The model's shape and its tokenizer, without its weights.</summary>
    /// <exception cref="InvalidDataException">The folder holds neither format, or a file in it is not usable.</exception>
    public static (DecoderConfig Config, ITokenizer Tokenizer) Shape(string path)
    {
        if (File.Exists(Path.Combine(path, HuggingFaceFolder.ConfigFile)))
            return (DecoderConfigJson.Read(Path.Combine(path, HuggingFaceFolder.ConfigFile)).Config, TokenizerFolder.Load(path));
        return Directory.Exists(path) && Llama2cFile.FindWeights(path) is { } weights ? Llama2cFile.Shape(weights) : throw NoPolicy(path);
    }

    static InvalidDataException NoPolicy(string path) =>
        new($"'{path}' holds no policy: a Hugging Face folder (config.json, model.safetensors, tokenizer files) "
            + "or llama2.c's files (one *.bin and one tok*.bin) were expected.");
}
