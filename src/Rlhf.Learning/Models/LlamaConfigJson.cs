using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Models;

/// <summary>A <see cref="LlamaConfig"/> as a Hugging Face <c>config.json</c>.</summary>
static class LlamaConfigJson
{
    /// <summary>What this decoder does not do, and the values that mean the Hub's model does not do it either.</summary>
    static readonly (string Key, string[] Allowed)[] Fixed =
    [
        ("model_type", ["\"llama\""]),
        ("hidden_act", ["\"silu\""]),
        ("attention_bias", ["false"]),
        ("mlp_bias", ["false"]),
        ("rope_scaling", ["null"]),
    ];

    internal static JsonObject Write(LlamaConfig config)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["torch_dtype"] = "float32",
            ["hidden_act"] = "silu",
            ["attention_bias"] = false,
            ["mlp_bias"] = false,
            ["head_dim"] = config.HeadSize,
        };
        foreach (var (key, value) in JsonSerializer.SerializeToNode(config)!.AsObject().ToList())
            json[key] = value?.DeepClone();
        return json;
    }

    /// <summary>Reads and validates; what this decoder would get wrong without a word is an error.</summary>
    internal static LlamaConfig Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"There is no file '{path}', but a model's configuration was expected there.");
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(path))?.AsObject() ?? throw new JsonException("it is null");
            if (!json.ContainsKey("model_type"))
                throw new InvalidDataException($"'{path}' has no model_type, but \"llama\" was expected.");
            foreach (var (key, allowed) in Fixed)
                if (json.TryGetPropertyValue(key, out var value) && !allowed.Contains(value?.ToJsonString() ?? "null"))
                    throw new InvalidDataException(
                        $"'{path}' asks for {key} {value?.ToJsonString() ?? "null"}, but this decoder only does {string.Join(" or ", allowed)}.");
            if (!json.ContainsKey("num_key_value_heads"))
                json["num_key_value_heads"] = json["num_attention_heads"]?.DeepClone();
            if (json["rope_parameters"] is { } rotary)
                json["rope_theta"] = Theta(rotary, path);
            var config = json.Deserialize<LlamaConfig>()!.Validate();
            if (json["head_dim"] is { } size && size.GetValue<int>() != config.HeadSize)
                throw new InvalidDataException(
                    $"'{path}' has head_dim {size}, but hidden_size / num_attention_heads ({config.HeadSize}) was expected.");
            return config;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no usable model configuration: {e.Message}", e);
        }
    }

    /// <summary>The base of the rotary positions where transformers 5 and later keep it.</summary>
    static JsonNode? Theta(JsonNode rotary, string path) => rotary["rope_type"] is null || rotary["rope_type"]!.GetValue<string>() == "default"
        ? rotary["rope_theta"]?.DeepClone()
        : throw new InvalidDataException($"'{path}' asks for rope_type {rotary["rope_type"]!.ToJsonString()}, but this decoder only does \"default\".");
}
