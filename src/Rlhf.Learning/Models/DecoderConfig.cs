namespace Rlhf.Learning.Models;

/// <summary>The architectures that this decoder computes, by their name on the Hub.</summary>
public enum DecoderFamily
{
    /// <summary>Llama 1 to 3, SmolLM, TinyLlama.</summary>
    Llama,

    /// <summary>Mistral: Llama with a sliding window, which bounds the context here.</summary>
    Mistral,

    /// <summary>Qwen 2 and 2.5: Llama with biases on queries, keys and values.</summary>
    Qwen2,

    /// <summary>Qwen 3: Llama with a norm on each head's query and key.</summary>
    Qwen3,

    /// <summary>GPT-2: learned positions, layer norms, biases everywhere, an ungated feed-forward layer.</summary>
    Gpt2,
}

/// <summary>Shape of a decoder-only language model; errors name the keys of a Hugging Face <c>config.json</c>.</summary>
public sealed record DecoderConfig
{
    /// <summary>Which architecture; default Llama.</summary>
    public DecoderFamily Family { get; init; }

    /// <summary>Width of the residual stream; without <see cref="HeadDim"/> a multiple of twice the number of heads.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the feed-forward layer, at least 1.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of decoder layers, at least 1.</summary>
    public required int NumHiddenLayers { get; init; }

    /// <summary>Number of query heads.</summary>
    public required int NumAttentionHeads { get; init; }

    /// <summary>Number of key/value heads; divides <see cref="NumAttentionHeads"/>.</summary>
    public required int NumKeyValueHeads { get; init; }

    /// <summary>Width of one head where it is not hidden size / heads; even. Null: hidden size / heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Number of rows of the embedding, at least 2; may be more than the tokenizer knows.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Longest context in tokens that the weights were made for, at least 1.</summary>
    public required int MaxPositionEmbeddings { get; init; }

    /// <summary>How far back a token sees in training, or null: everything. Up to that length it makes no difference.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Added to the mean square (RMSNorm) or the variance (LayerNorm); positive, default 1e-5.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Base of the rotary position embedding; above 1, default 10000.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How the rotary frequencies are stretched, or null: not at all.</summary>
    public RopeScaling? RopeScaling { get; init; }

    /// <summary>True where the token embedding is also the output layer; default false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>False for a model of which only the stream is used and that has no output layer of its own: a reward model of the Hub.</summary>
    public bool HasLanguageHead { get; init; } = true;

    /// <summary>Id that begins a text, default 1; null where a text begins with its first token.</summary>
    public int? BosTokenId { get; init; } = 1;

    /// <summary>Id that ends a text, default 2.</summary>
    public int EosTokenId { get; init; } = 2;

    /// <summary>Further ids that end a completion; none by default.</summary>
    public IReadOnlyList<int> MoreEndIds { get; init; } = [];

    /// <summary>Id that fills the right of short rows, or null where the model has none.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Ids that the tokenizer knows; what is beyond is padding of the embedding and never drawn. Null: all.</summary>
    public int? TokenCount { get; init; }

    /// <summary>Every id that ends a completion.</summary>
    public IReadOnlyList<int> Ends => [EosTokenId, .. MoreEndIds];

    /// <summary>Width of one head.</summary>
    public int HeadSize => HeadDim ?? HiddenSize / NumAttentionHeads;

    /// <summary>Longest sequence, in tokens, that is computed as the model was trained.</summary>
    public int ContextLength => Math.Min(MaxPositionEmbeddings, SlidingWindow ?? int.MaxValue);

    /// <summary>Learned positions, LayerNorm with bias instead of RMSNorm, biases on every product, and a feed-forward layer without gate.</summary>
    internal bool IsGpt2 => Family == DecoderFamily.Gpt2;

    internal bool HasHeadNorms => Family == DecoderFamily.Qwen3;

    internal bool HasQueryKeyValueBias => Family is DecoderFamily.Qwen2 or DecoderFamily.Gpt2;

    /// <summary>
    /// Returns this configuration, or throws <see cref="InvalidDataException"/> with one sentence on the first value out of range.
    /// </summary>
    public DecoderConfig Validate()
    {
        AtLeast(1, HiddenSize, "hidden_size");
        AtLeast(1, IntermediateSize, "intermediate_size");
        AtLeast(1, NumHiddenLayers, "num_hidden_layers");
        AtLeast(1, NumAttentionHeads, "num_attention_heads");
        AtLeast(1, NumKeyValueHeads, "num_key_value_heads");
        AtLeast(2, VocabSize, "vocab_size");
        AtLeast(1, MaxPositionEmbeddings, "max_position_embeddings");
        AtLeast(1, SlidingWindow ?? 1, "sliding_window");
        Require(HeadDim is not null || HiddenSize % (2L * NumAttentionHeads) == 0,
            $"hidden_size is {HiddenSize}, but {NumAttentionHeads} heads of even size were expected to fill it");
        Require(HeadSize >= 2 && HeadSize % 2 == 0, $"head_dim is {HeadSize}, but an even number of at least 2 was expected");
        Require((long)HeadSize * NumAttentionHeads <= int.MaxValue, $"head_dim is {HeadSize} for {NumAttentionHeads} heads, which is more than can be computed");
        Require(!IsGpt2 || HeadSize * NumAttentionHeads == HiddenSize, $"head_dim is {HeadSize}, but n_embd / n_head was expected");
        Require(!IsGpt2 || NumKeyValueHeads == NumAttentionHeads, $"num_key_value_heads is {NumKeyValueHeads}, but GPT-2 has as many as n_head ({NumAttentionHeads})");
        Require(NumAttentionHeads % NumKeyValueHeads == 0,
            $"num_key_value_heads is {NumKeyValueHeads}, but a divisor of num_attention_heads ({NumAttentionHeads}) was expected");
        Require(NormEpsilon is > 0 and < 1, $"rms_norm_eps is {NormEpsilon}, but a number between 0 and 1 was expected");
        Require(RopeTheta > 1 && double.IsFinite(RopeTheta), $"rope_theta is {RopeTheta}, but a finite number above 1 was expected");
        if (RopeScaling?.Problem() is { } problem) Require(false, problem);
        InVocabulary(BosTokenId ?? 0, "bos_token_id");
        foreach (var id in (int[])[EosTokenId, .. MoreEndIds]) InVocabulary(id, "eos_token_id");
        InVocabulary(PadTokenId ?? 0, "pad_token_id");
        return this;
    }

    /// <summary>The same, with a head width that is what hidden size / heads gives left unsaid, so that equal models have equal configurations.</summary>
    internal DecoderConfig Plain() => HiddenSize % NumAttentionHeads == 0 && HeadDim == HiddenSize / NumAttentionHeads ? this with { HeadDim = null } : this;

    /// <summary>
    /// Names and shapes of all parameters, in the order of the flat buffer: what is multiplied together lies together. The names are those of
    /// Llama on the Hub for every family; <see cref="CheckpointLayout"/> says what a file calls them.
    /// </summary>
    public IEnumerable<(string Name, long[] Shape)> ParameterShapes()
    {
        long queries = NumAttentionHeads * HeadSize, keyValues = NumKeyValueHeads * HeadSize;
        yield return ("model.embed_tokens.weight", [VocabSize, HiddenSize]);
        if (IsGpt2) yield return ("model.embed_positions.weight", [MaxPositionEmbeddings, HiddenSize]);
        for (var i = 0; i < NumHiddenLayers; i++)
            foreach (var (name, shape) in LayerShapes(queries, keyValues))
                yield return ($"model.layers.{i}.{name}", shape);
        yield return ("model.norm.weight", [HiddenSize]);
        if (IsGpt2) yield return ("model.norm.bias", [HiddenSize]);
        if (!TieWordEmbeddings && HasLanguageHead) yield return ("lm_head.weight", [VocabSize, HiddenSize]);
    }

    IEnumerable<(string Name, long[] Shape)> LayerShapes(long queries, long keyValues)
    {
        yield return ("input_layernorm.weight", [HiddenSize]);
        if (IsGpt2) yield return ("input_layernorm.bias", [HiddenSize]);
        yield return ("self_attn.q_proj.weight", [queries, HiddenSize]);
        yield return ("self_attn.k_proj.weight", [keyValues, HiddenSize]);
        yield return ("self_attn.v_proj.weight", [keyValues, HiddenSize]);
        if (HasQueryKeyValueBias)
        {
            yield return ("self_attn.q_proj.bias", [queries]);
            yield return ("self_attn.k_proj.bias", [keyValues]);
            yield return ("self_attn.v_proj.bias", [keyValues]);
        }
        if (HasHeadNorms)
        {
            yield return ("self_attn.q_norm.weight", [HeadSize]);
            yield return ("self_attn.k_norm.weight", [HeadSize]);
        }
        yield return ("self_attn.o_proj.weight", [HiddenSize, queries]);
        if (IsGpt2) yield return ("self_attn.o_proj.bias", [HiddenSize]);
        yield return ("post_attention_layernorm.weight", [HiddenSize]);
        if (IsGpt2) yield return ("post_attention_layernorm.bias", [HiddenSize]);
        if (!IsGpt2) yield return ("mlp.gate_proj.weight", [IntermediateSize, HiddenSize]);
        yield return ("mlp.up_proj.weight", [IntermediateSize, HiddenSize]);
        if (IsGpt2) yield return ("mlp.up_proj.bias", [IntermediateSize]);
        yield return ("mlp.down_proj.weight", [HiddenSize, IntermediateSize]);
        if (IsGpt2) yield return ("mlp.down_proj.bias", [HiddenSize]);
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
