// Writes a model as the GGUF file that llama.cpp reads, float32 throughout, with a vocabulary of dummy tokens.
const types = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 };
const alignment = 32;

const uint32 = value => ({ type: "uint32", value });
const float32 = value => ({ type: "float32", value });
const string = value => ({ type: "string", value });
const array = (element, value) => ({ type: "array", element, value });

/** The GGUF of a model whose tensors carry the Hub's names. */
export function encodeModel(config, tensors) {
    return config.model_type === "gpt2" ? encodeGpt2(config, tensors) : encodeLlama(config, tensors);
}

/**
 * The GGUF of a reward model, as a language model whose "vocabulary" begins with the score and a zero: the difference
 * between the first two log-probabilities is the score.
 */
export function encodeRewardModel(config, tensors) {
    const head = new Float32Array(config.vocab_size * config.hidden_size);
    head.set(tensors.get("score.weight").data);
    const withHead = new Map(tensors);
    withHead.delete("score.weight");
    withHead.set("lm_head.weight", { shape: [config.vocab_size, config.hidden_size], data: head });
    return encodeLlama(config, withHead);
}

/** The GGUF of a PEFT LoRA adapter for a Llama. */
export function encodeAdapter(config, adapter) {
    const renamed = [];
    for (const [name, tensor] of adapter.tensors) {
        const [, base, side] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name);
        const change = side === "B" ? forRotation(config, base, tensor) : tensor;
        renamed.push([`${llamaName(`${base}.weight`)}.lora_${side.toLowerCase()}`, change]);
    }
    return encode({
        "general.architecture": string("llama"),
        "general.type": string("adapter"),
        "adapter.type": string("lora"),
        "adapter.lora.alpha": float32(adapter.config.lora_alpha),
    }, renamed);
}

function encodeLlama(config, tensors) {
    const architecture = config.model_type === "mistral" ? "llama" : config.model_type;
    const width = config.head_dim ?? config.hidden_size / config.num_attention_heads;
    const renamed = [];
    for (const [name, tensor] of tensors) {
        const base = name.replace(/\.(weight|bias)$/, "");
        renamed.push([llamaName(name), architecture === "llama" ? forRotation(config, base, tensor) : tensor]);
    }
    if (config.rope_scaling)
        renamed.push(["rope_freqs.weight", rotationDivisors(config, width)]);
    return encode({
        "general.architecture": string(architecture),
        "general.file_type": uint32(0),
        [`${architecture}.vocab_size`]: uint32(config.vocab_size),
        [`${architecture}.context_length`]: uint32(config.max_position_embeddings),
        [`${architecture}.embedding_length`]: uint32(config.hidden_size),
        [`${architecture}.block_count`]: uint32(config.num_hidden_layers),
        [`${architecture}.feed_forward_length`]: uint32(config.intermediate_size),
        [`${architecture}.attention.head_count`]: uint32(config.num_attention_heads),
        [`${architecture}.attention.head_count_kv`]: uint32(config.num_key_value_heads),
        [`${architecture}.attention.key_length`]: uint32(width),
        [`${architecture}.attention.value_length`]: uint32(width),
        [`${architecture}.attention.layer_norm_rms_epsilon`]: float32(config.rms_norm_eps),
        [`${architecture}.rope.dimension_count`]: uint32(width),
        [`${architecture}.rope.freq_base`]: float32(config.rope_theta),
        ...vocabulary(config.vocab_size),
    }, renamed);
}

function encodeGpt2(config, tensors) {
    const names = {
        "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm",
        "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
        "ln_2": "ffn_norm", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    };
    const renamed = [];
    for (const [name, tensor] of tensors) {
        if (name.endsWith(".attn.bias"))
            continue; // the causal mask, which the Hub's file carries along
        const [, layer, part, kind] = /^(?:h\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name);
        const isConv = part.includes("c_") && kind === "weight";
        renamed.push([`${layer === undefined ? "" : `blk.${layer}.`}${names[part]}.${kind}`, isConv ? transpose(tensor) : tensor]);
    }
    return encode({
        "general.architecture": string("gpt2"),
        "general.file_type": uint32(0),
        "gpt2.context_length": uint32(config.n_positions),
        "gpt2.embedding_length": uint32(config.n_embd),
        "gpt2.block_count": uint32(config.n_layer),
        "gpt2.feed_forward_length": uint32(4 * config.n_embd),
        "gpt2.attention.head_count": uint32(config.n_head),
        "gpt2.attention.layer_norm_epsilon": float32(config.layer_norm_epsilon),
        ...vocabulary(config.vocab_size),
    }, renamed);
}

function llamaName(name) {
    const names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    };
    const [, layer, part, kind] = /^(?:model\.layers\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name);
    return `${layer === undefined ? "" : `blk.${layer}.`}${names[part]}.${kind}`;
}

// llama.cpp's "llama" turns neighboring elements of a head as a pair, the Hub's checkpoints element i of either half:
// the rows of the query and key projections change places.
function forRotation(config, base, tensor) {
    const heads = base.endsWith(".q_proj") ? config.num_attention_heads : base.endsWith(".k_proj") ? config.num_key_value_heads : 0;
    if (heads === 0)
        return tensor;
    const [rows, columns = 1] = tensor.shape;
    const width = rows / heads;
    const data = new Float32Array(tensor.data.length);
    for (let head = 0; head < heads; head++)
        for (let pair = 0; pair < width / 2; pair++)
            for (let side = 0; side < 2; side++) {
                const from = head * width + side * (width / 2) + pair;
                const to = head * width + 2 * pair + side;
                data.set(tensor.data.subarray(from * columns, (from + 1) * columns), to * columns);
            }
    return { shape: tensor.shape, data };
}

// What llama.cpp divides each pair's angle by, for Llama 3's scaling.
function rotationDivisors(config, width) {
    const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = config.rope_scaling;
    const data = Float32Array.from({ length: width / 2 }, (_, i) => {
        const wavelength = 2 * Math.PI * config.rope_theta ** ((2 * i) / width);
        if (wavelength < context / high)
            return 1;
        if (wavelength > context / low)
            return factor;
        const smooth = (context / wavelength - low) / (high - low);
        return 1 / ((1 - smooth) / factor + smooth);
    });
    return { shape: [width / 2], data };
}

function transpose({ shape: [rows, columns], data }) {
    const turned = new Float32Array(data.length);
    for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
            turned[c * rows + r] = data[r * columns + c];
    return { shape: [columns, rows], data: turned };
}

// No text passes through these files: a byte-level vocabulary of names that no text contains will do.
function vocabulary(size) {
    const tokens = ["<s>", "</s>"];
    while (tokens.length < size)
        tokens.push(`<${tokens.length}>`);
    return {
        "tokenizer.ggml.model": string("gpt2"),
        "tokenizer.ggml.pre": string("gpt-2"),
        "tokenizer.ggml.tokens": array("string", tokens),
        "tokenizer.ggml.token_type": array("int32", tokens.map((_, i) => (i < 2 ? 3 : 1))),
        "tokenizer.ggml.merges": array("string", ["< s"]),
        "tokenizer.ggml.bos_token_id": uint32(0),
        "tokenizer.ggml.eos_token_id": uint32(1),
    };
}

function encode(metadata, tensors) {
    const header = [Buffer.from("GGUF"), integer32(3), integer64(tensors.length), integer64(Object.keys(metadata).length)];
    for (const [key, value] of Object.entries(metadata))
        header.push(text(key), integer32(types[value.type]), encodeValue(value));
    const data = [];
    let offset = 0;
    for (const [name, tensor] of tensors) {
        // The innermost dimension comes first; type 0 is float32.
        const dimensions = tensor.shape.toReversed().map(integer64);
        header.push(text(name), integer32(dimensions.length), ...dimensions, integer32(0), integer64(offset));
        const bytes = padded(Buffer.from(Float32Array.from(tensor.data).buffer));
        data.push(bytes);
        offset += bytes.length;
    }
    return Buffer.concat([padded(Buffer.concat(header)), ...data]);
}

function encodeValue({ type, element, value }) {
    switch (type) {
        case "uint32":
        case "int32":
            return integer32(value);
        case "float32": return Buffer.from(Float32Array.of(value).buffer);
        case "string": return text(value);
        case "array":
            return Buffer.concat([
                integer32(types[element]), integer64(value.length), ...value.map(item => encodeValue({ type: element, value: item })),
            ]);
        default: throw new Error(`no encoding for ${type}`);
    }
}

function text(value) {
    const bytes = Buffer.from(value);
    return Buffer.concat([integer64(bytes.length), bytes]);
}

function integer32(value) {
    return Buffer.from(Uint32Array.of(value).buffer);
}

function integer64(value) {
    return Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
}

function padded(bytes) {
    return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}
