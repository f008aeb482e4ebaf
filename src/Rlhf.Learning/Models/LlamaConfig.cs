using System.Text.Json.Serialization;

namespace Rlhf.Learning.Models;

/// <summary>Shape of a Llama-architecture decoder, in the keys of a Hugging Face <c>config.json</c>.</summary>
public sealed record LlamaConfig
{
    /// <summary>Width of the residual stream; a multiple of twice the number of heads.</summary>
    [JsonPropertyName("hidden_size")]
    public required int HiddenSize { get; init; }

    /// <summary>Width of the gated feed-forward layer, at least 1.</summary>
    [JsonPropertyName("intermediate_size")]
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder layers, at least 1.</summary>
    [JsonPropertyName("num_hidden_layers")]
    public required int NumHiddenLayers { get; init; }

    /// <summary>Number of query heads; divides <see cref="HiddenSize"/> into heads of even size.</summary>
    [JsonPropertyName("num_attention_heads")]
    public required int NumAttentionHeads { get; init; }

    /// <summary>Number of key/value heads; divides <see cref="NumAttentionHeads"/>.</summary>
    [JsonPropertyName("num_key_value_heads")]
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Number of token ids, at least 2.</summary>
    [JsonPropertyName("vocab_size")]
    public required int VocabSize { get; init; }

    /// <summary>Longest context in tokens, at least 1.</summary>
    [JsonPropertyName("max_position_embeddings")]
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>Added to the mean square in RMSNorm; positive, default 1e-5.</summary>
    [JsonPropertyName("rms_norm_eps")]
    public double RmsNormEps { get; init; } = 1e-5;

    /// <summary>Base of the rotary position embedding; above 1, default 10000.</summary>
    [JsonPropertyName("rope_theta")]
    public double RopeTheta { get; init; } = 10000;

    /// <summary>True where the token embedding is also the output layer; default false, as on the Hub.</summary>
    [JsonPropertyName("tie_word_embeddings")]
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Id that begins a text, default 1; null where a text begins with its first token.</summary>
    [JsonPropertyName("bos_token_id")]
    public int? BosTokenId { get; init; } = 1;

    /// <summary>Id that ends a text, default 2.</summary>
    [JsonPropertyName("eos_token_id")]
    public int EosTokenId { get; init; } = 2;

    /// <summary>Id that fills the right of short rows, or null where the model has none.</summary>
    [JsonPropertyName("pad_token_id")]
    public int? PadTokenId { get; init; }

    /// <summary>Width of one head.</summary>
    [JsonIgnore]
    public int HeadSize => HiddenSize / NumAttentionHeads;

    /// <summary>
    /// Returns this configuration, or throws <see cref="InvalidDataException"/> with one sentence on the first value out of range.
    /// </summary>
    public LlamaConfig Validate()
    {
        AtLeast(1, HiddenSize, "hidden_size");
        AtLeast(1, IntermediateSize, "intermediate_size");
        AtLeast(1, NumHiddenLayers, "num_hidden_layers");
        AtLeast(1, NumAttentionHeads, "num_attention_heads");
        AtLeast(1, NumKeyValueHeads, "num_key_value_heads");
        AtLeast(2, VocabSize, "vocab_size");
        AtLeast(1, MaxPositionEmbeddings, "max_position_embeddings");
        Require(HiddenSize % (2 * NumAttentionHeads) == 0,
            $"hidden_size is {HiddenSize}, but {NumAttentionHeads} heads of even size were expected to fill it");
        Require(NumAttentionHeads % NumKeyValueHeads == 0,
            $"num_key_value_heads is {NumKeyValueHeads}, but a divisor of num_attention_heads ({NumAttentionHeads}) was expected");
        Require(RmsNormEps is > 0 and < 1, $"rms_norm_eps is {RmsNormEps}, but a number between 0 and 1 was expected");
        Require(RopeTheta > 1 && double.IsFinite(RopeTheta), $"rope_theta is {RopeTheta}, but a finite number above 1 was expected");
        InVocabulary(BosTokenId ?? 0, "bos_token_id");
        InVocabulary(EosTokenId, "eos_token_id");
        InVocabulary(PadTokenId ?? 0, "pad_token_id");
        return this;
    }

    /// <summary>
    /// Names (the Hub's) and shapes of all parameters, in the order of the flat buffer: what is multiplied together lies together.
    /// </summary>
    public IEnumerable<(string Name, long[] Shape)> ParameterShapes()
    {
        long keyValueSize = NumKeyValueHeads * HeadSize;
        yield return ("model.embed_tokens.weight", [VocabSize, HiddenSize]);
        for (var i = 0; i < NumHiddenLayers; i++)
        {
            var layer = $"model.layers.{i}.";
            yield return (layer + "input_layernorm.weight", [HiddenSize]);
            yield return (layer + "self_attn.q_proj.weight", [HiddenSize, HiddenSize]);
            yield return (layer + "self_attn.k_proj.weight", [keyValueSize, HiddenSize]);
            yield return (layer + "self_attn.v_proj.weight", [keyValueSize, HiddenSize]);
            yield return (layer + "self_attn.o_proj.weight", [HiddenSize, HiddenSize]);
            yield return (layer + "post_attention_layernorm.weight", [HiddenSize]);
            yield return (layer + "mlp.gate_proj.weight", [IntermediateSize, HiddenSize]);
            yield return (layer + "mlp.up_proj.weight", [IntermediateSize, HiddenSize]);
            yield return (layer + "mlp.down_proj.weight", [HiddenSize, IntermediateSize]);
        }
        yield return ("model.norm.weight", [HiddenSize]);
        if (!TieWordEmbeddings)
            yield return ("lm_head.weight", [VocabSize, HiddenSize]);
    }

    void InVocabulary(int id, string key) => Require(id >= 0 && id < VocabSize,
        $"{key} is {id}, but an id below vocab_size ({VocabSize}) was expected");

    static void AtLeast(int minimum, int value, string key) => Require(value >= minimum,
        $"{key} is {value}, but at least {minimum} was expected");

    static void Require(bool holds, string sentence)
    {
        if (!holds)
            throw new InvalidDataException($"The model configuration is not usable: {sentence}.");
    }
}
