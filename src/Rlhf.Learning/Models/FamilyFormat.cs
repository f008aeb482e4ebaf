using System.Text.Json.Nodes;

namespace Rlhf.Learning.Models;

/// <summary>How a family's configuration is written on the Hub: its names, its defaults, and what it may ask for that this decoder does not do.</summary>
abstract class FamilyFormat(DecoderFamily family, string modelType, string languageClass, string scoreClass)
{
    static readonly FamilyFormat[] All =
    [
        new LlamaFormat(DecoderFamily.Llama, "llama", "Llama"), new LlamaFormat(DecoderFamily.Mistral, "mistral", "Mistral"),
        new LlamaFormat(DecoderFamily.Qwen2, "qwen2", "Qwen2"), new LlamaFormat(DecoderFamily.Qwen3, "qwen3", "Qwen3"), new Gpt2Format(),
    ];

    internal DecoderFamily Family => family;

    internal string ModelType => modelType;

    /// <summary>transformers' class that predicts tokens.</summary>
    internal string LanguageClass => languageClass;

    /// <summary>transformers' class that gives a text a number.</summary>
    internal string ScoreClass => scoreClass;

    /// <summary>What this decoder does not do, and the values (as JSON) that mean the Hub's model does not do it either.</summary>
    protected abstract IReadOnlyList<(string Key, string[] Allowed)> Fixed { get; }

    internal abstract DecoderConfig Read(ConfigValues values);

    internal abstract void Write(DecoderConfig config, JsonObject json);

    internal static FamilyFormat Of(DecoderFamily family) => All.Single(f => f.Family == family);

    internal static FamilyFormat Of(ConfigValues values)
    {
        var names = string.Join(", ", All.Select(f => $"\"{f.ModelType}\""));
        if (!values.Json.ContainsKey("model_type")) throw new InvalidDataException($"'{values.Path}' has no model_type, but one of {names} was expected.");
        return All.FirstOrDefault(f => $"\"{f.ModelType}\"" == values.Json["model_type"]?.ToJsonString()) ?? throw values.Refused("model_type", names);
    }

    internal void CheckFixed(ConfigValues values)
    {
        foreach (var (key, allowed) in Fixed)
            if (values.Json.TryGetPropertyValue(key, out var value) && !allowed.Contains(value?.ToJsonString() ?? "null"))
                throw values.Refused(key, string.Join(" or ", allowed));
    }

    /// <summary>The id that ends a text, or a list where there are more.</summary>
    internal static JsonNode Ends(DecoderConfig config) =>
        config.MoreEndIds.Count == 0 ? config.EosTokenId : new JsonArray([config.EosTokenId, .. config.MoreEndIds.Select(id => (JsonNode)id)]);

    /// <summary>Begin, end and padding, alike in all families.</summary>
    protected static void WriteIds(DecoderConfig config, JsonObject json)
    {
        json["vocab_size"] = config.VocabSize;
        json["tie_word_embeddings"] = config.TieWordEmbeddings;
        json["bos_token_id"] = config.BosTokenId;
        json["eos_token_id"] = Ends(config);
        json["pad_token_id"] = config.PadTokenId;
    }
}

/// <summary>Llama's keys, which Mistral and Qwen share.</summary>
sealed class LlamaFormat(DecoderFamily family, string modelType, string prefix)
    : FamilyFormat(family, modelType, prefix + "ForCausalLM", prefix + "ForSequenceClassification")
{
    protected override IReadOnlyList<(string Key, string[] Allowed)> Fixed { get; } =
    [
        ("hidden_act", ["\"silu\""]), ("attention_bias", ["false"]), ("mlp_bias", ["false"]), ("partial_rotary_factor", ["null", "1", "1.0"]),
    ];

    internal override DecoderConfig Read(ConfigValues values)
    {
        var json = values.Json;
        var window = Family == DecoderFamily.Mistral || values.Bool("use_sliding_window", false) ? values.OptionalInt("sliding_window") : null;
        return new DecoderConfig
        {
            Family = Family,
            HiddenSize = values.Int("hidden_size"),
            IntermediateSize = values.Int("intermediate_size"),
            NumHiddenLayers = values.Int("num_hidden_layers"),
            NumAttentionHeads = values.Int("num_attention_heads"),
            NumKeyValueHeads = values.Int("num_key_value_heads", Family == DecoderFamily.Llama ? values.Int("num_attention_heads") : null),
            // transformers' Qwen 3 has heads of 128 where the file does not say; the others divide the hidden size.
            HeadDim = values.OptionalInt("head_dim") ?? (Family == DecoderFamily.Qwen3 ? 128 : null),
            VocabSize = values.Int("vocab_size"),
            MaxPositionEmbeddings = values.Int("max_position_embeddings"),
            SlidingWindow = window,
            NormEpsilon = values.Double("rms_norm_eps", 1e-6),
            RopeTheta = Rotary(json)?["rope_theta"]?.GetValue<double>() ?? values.Double("rope_theta", 10000),
            RopeScaling = Scaling(values),
            TieWordEmbeddings = values.Bool("tie_word_embeddings", false),
            BosTokenId = values.OptionalInt("bos_token_id"),
            EosTokenId = values.Ends()[0],
            MoreEndIds = values.MoreEnds(),
            PadTokenId = values.OptionalInt("pad_token_id"),
        }.Validate().Plain();
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        json["hidden_act"] = "silu";
        json["attention_bias"] = config.HasQueryKeyValueBias ? null : false;
        if (config.Family == DecoderFamily.Llama) json["mlp_bias"] = false;
        if (json["attention_bias"] is null) json.Remove("attention_bias");
        json["head_dim"] = config.HeadSize;
        json["hidden_size"] = config.HiddenSize;
        json["intermediate_size"] = config.IntermediateSize;
        json["num_hidden_layers"] = config.NumHiddenLayers;
        json["num_attention_heads"] = config.NumAttentionHeads;
        json["num_key_value_heads"] = config.NumKeyValueHeads;
        json["vocab_size"] = config.VocabSize;
        json["max_position_embeddings"] = config.MaxPositionEmbeddings;
        json["rms_norm_eps"] = config.NormEpsilon;
        json["rope_theta"] = config.RopeTheta;
        if (config.RopeScaling is { } scaling) json["rope_scaling"] = Write(scaling);
        if (config.Family != DecoderFamily.Llama) json["sliding_window"] = config.SlidingWindow;
        if (config.Family is DecoderFamily.Qwen2 or DecoderFamily.Qwen3) json["use_sliding_window"] = config.SlidingWindow is not null;
        WriteIds(config, json);
    }

    /// <summary>transformers 5 keeps everything of the rotary positions in one object.</summary>
    static JsonNode? Rotary(JsonObject json) => json["rope_parameters"];

    static RopeScaling? Scaling(ConfigValues values)
    {
        var key = values.Json["rope_parameters"] is not null ? "rope_parameters" : "rope_scaling";
        if (values.Json[key] is not { } scaling) return null;
        var kind = (scaling["rope_type"] ?? scaling["type"])?.GetValue<string>() ?? (key == "rope_parameters" ? "default" : "");
        double Number(string name) => scaling[name]?.GetValue<double>() ?? throw new System.Text.Json.JsonException($"its {key} has no {name}");
        return kind switch
        {
            "default" => null,
            "linear" => new(Number("factor")),
            "llama3" => new(Number("factor"), new(Number("low_freq_factor"), Number("high_freq_factor"), scaling["original_max_position_embeddings"]?.GetValue<int>() ?? values.Int("original_max_position_embeddings"))),
            _ => throw values.Refused(key, "rope_type \"default\", \"linear\" or \"llama3\""),
        };
    }

    static JsonObject Write(RopeScaling scaling) => scaling.Llama3 is { } bands
        ? new()
        {
            ["rope_type"] = "llama3",
            ["factor"] = scaling.Factor,
            ["low_freq_factor"] = bands.LowFrequencyFactor,
            ["high_freq_factor"] = bands.HighFrequencyFactor,
            ["original_max_position_embeddings"] = bands.OriginalMaxPositionEmbeddings,
        }
        : new() { ["rope_type"] = "linear", ["factor"] = scaling.Factor };
}

/// <summary>GPT-2's keys.</summary>
sealed class Gpt2Format() : FamilyFormat(DecoderFamily.Gpt2, "gpt2", "GPT2LMHeadModel", "GPT2ForSequenceClassification")
{
    protected override IReadOnlyList<(string Key, string[] Allowed)> Fixed { get; } =
    [
        ("activation_function", ["\"gelu_new\""]), ("scale_attn_weights", ["true"]), ("scale_attn_by_inverse_layer_idx", ["false"]),
        ("add_cross_attention", ["false"]),
    ];

    internal override DecoderConfig Read(ConfigValues values)
    {
        var hidden = values.Int("n_embd", 768);
        var heads = values.Int("n_head", 12);
        return new DecoderConfig
        {
            Family = DecoderFamily.Gpt2,
            HiddenSize = hidden,
            IntermediateSize = values.OptionalInt("n_inner") ?? checked(4 * hidden),
            NumHiddenLayers = values.Int("n_layer", 12),
            NumAttentionHeads = heads,
            NumKeyValueHeads = heads,
            VocabSize = values.Int("vocab_size", 50257),
            MaxPositionEmbeddings = values.Int("n_positions", 1024),
            NormEpsilon = values.Double("layer_norm_epsilon", 1e-5),
            TieWordEmbeddings = values.Bool("tie_word_embeddings", true),
            BosTokenId = values.OptionalInt("bos_token_id"),
            EosTokenId = values.Ends()[0],
            MoreEndIds = values.MoreEnds(),
            PadTokenId = values.OptionalInt("pad_token_id"),
        }.Validate();
    }

    internal override void Write(DecoderConfig config, JsonObject json)
    {
        json["activation_function"] = "gelu_new";
        json["n_embd"] = config.HiddenSize;
        json["n_inner"] = config.IntermediateSize;
        json["n_layer"] = config.NumHiddenLayers;
        json["n_head"] = config.NumAttentionHeads;
        json["n_positions"] = config.MaxPositionEmbeddings;
        json["n_ctx"] = config.MaxPositionEmbeddings;
        json["layer_norm_epsilon"] = config.NormEpsilon;
        WriteIds(config, json);
    }
}
