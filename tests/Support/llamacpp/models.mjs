// The models: a config.json with the keys that the Hub's models of that family have, and random weights large enough
// that every part of the computation shows in the logits.
import { float, generator } from "./numbers.mjs";

const common = { attention_dropout: float(0), bos_token_id: 1, eos_token_id: 2, hidden_act: "silu", initializer_range: 0.02 };
const last = { torch_dtype: "float32", transformers_version: "4.51.3", use_cache: true };

const llama = {
    architectures: ["LlamaForCausalLM"], attention_bias: false, ...common,
    hidden_size: 32, intermediate_size: 64, max_position_embeddings: 128, mlp_bias: false, model_type: "llama",
    num_attention_heads: 4, num_hidden_layers: 2, num_key_value_heads: 2, pretraining_tp: 1, rms_norm_eps: 1e-4,
    rope_scaling: null, rope_theta: float(500000), tie_word_embeddings: false, ...last, vocab_size: 128,
};

const qwen2 = {
    architectures: ["Qwen2ForCausalLM"], ...common,
    hidden_size: 32, intermediate_size: 48, max_position_embeddings: 128, max_window_layers: 3, model_type: "qwen2",
    num_attention_heads: 4, num_hidden_layers: 3, num_key_value_heads: 2, rms_norm_eps: 1e-4, rope_theta: float(1000000),
    sliding_window: 128, tie_word_embeddings: true, ...last, use_sliding_window: false, vocab_size: 96,
};

const rewardHead = { id2label: { 0: "LABEL_0" }, label2id: { LABEL_0: 0 }, pad_token_id: 0 };

export const configs = {
    "llama": llama,
    "llama-tied": {
        architectures: ["LlamaForCausalLM"], attention_bias: false, ...common,
        hidden_size: 36, intermediate_size: 64, is_llama_config: true, max_position_embeddings: 128, mlp_bias: false,
        model_type: "llama",
        num_attention_heads: 9, num_hidden_layers: 2, num_key_value_heads: 3, pretraining_tp: 1, rms_norm_eps: float(5e-5),
        rope_interleaved: false, rope_scaling: null, rope_theta: 100000, tie_word_embeddings: true, ...last, vocab_size: 112,
    },
    "llama-rope-scaled": {
        ...llama, head_dim: 16, hidden_size: 48, max_position_embeddings: 512, num_attention_heads: 3, num_key_value_heads: 1,
        rope_scaling: {
            factor: float(8), high_freq_factor: float(4), low_freq_factor: float(1),
            original_max_position_embeddings: 64, rope_type: "llama3",
        },
        tie_word_embeddings: true, vocab_size: 96,
    },
    "mistral": {
        architectures: ["MistralForCausalLM"], ...common, head_dim: 12,
        hidden_size: 32, intermediate_size: 64, max_position_embeddings: 128, model_type: "mistral",
        num_attention_heads: 4, num_hidden_layers: 2, num_key_value_heads: 2, rms_norm_eps: 1e-4, rope_theta: float(1000000),
        sliding_window: null, tie_word_embeddings: false, ...last, vocab_size: 128,
    },
    "qwen2": qwen2,
    "qwen3": {
        architectures: ["Qwen3ForCausalLM"], attention_bias: false, ...common, head_dim: 16,
        hidden_size: 32, intermediate_size: 48, max_position_embeddings: 128, max_window_layers: 2, model_type: "qwen3",
        num_attention_heads: 4, num_hidden_layers: 2, num_key_value_heads: 2, rms_norm_eps: 1e-4, rope_scaling: null,
        rope_theta: 1000000, sliding_window: null, tie_word_embeddings: true, ...last, use_sliding_window: false, vocab_size: 96,
    },
    "gpt2": {
        activation_function: "gelu_new", architectures: ["GPT2LMHeadModel"], attn_pdrop: 0.1, bos_token_id: 127, embd_pdrop: 0.1,
        eos_token_id: 127, initializer_range: 0.02, layer_norm_epsilon: 1e-4, model_type: "gpt2", n_ctx: 48, n_embd: 32, n_head: 4,
        n_layer: 2, n_positions: 48, resid_pdrop: 0.1, summary_activation: null, summary_first_dropout: 0.1,
        summary_proj_to_labels: true, summary_type: "cls_index", summary_use_proj: true,
        task_specific_params: { "text-generation": { do_sample: true, max_length: 50 } }, vocab_size: 128,
    },
    "llama-reward": { ...llama, architectures: ["LlamaForSequenceClassification"], ...rewardHead, intermediate_size: 48, vocab_size: 64 },
    "qwen2-reward": {
        ...qwen2, architectures: ["Qwen2ForSequenceClassification"], ...rewardHead, num_hidden_layers: 2, max_window_layers: 2,
        tie_word_embeddings: false, vocab_size: 64,
    },
};

export const adapterConfig = {
    alpha_pattern: {}, auto_mapping: null, base_model_name_or_path: "llama", bias: "none", fan_in_fan_out: false, inference_mode: true,
    init_lora_weights: true, layer_replication: null, layers_pattern: null, layers_to_transform: null, lora_alpha: 8, lora_dropout: 0.05,
    modules_to_save: null, peft_type: "LORA", r: 4, rank_pattern: {}, revision: null,
    target_modules: ["q_proj", "v_proj", "down_proj"], task_type: "CAUSAL_LM", use_dora: false, use_rslora: false,
};

/** A config as transformers 5 writes it: the rotation's numbers together, `dtype` for `torch_dtype`. */
export function asTransformers5({ rope_scaling: scaling, rope_theta, torch_dtype: dtype, ...rest }) {
    return { ...rest, dtype, rope_parameters: { rope_type: "default", ...scaling, rope_theta }, transformers_version: "5.0.0" };
}

/** The tensors of a model, by the names and with the shapes that its checkpoint on the Hub has. */
export function weights(family) {
    return configs[family].model_type === "gpt2" ? gpt2Weights(family) : llamaWeights(family);
}

function llamaWeights(family) {
    const config = configs[family];
    const { tensors, matrix, vector } = drawing(family);
    const hidden = config.hidden_size;
    const width = config.head_dim ?? hidden / config.num_attention_heads;
    const linear = (name, out, inputs, gain) => matrix(`${name}.weight`, [out, inputs], gain / Math.sqrt(inputs));
    const norm = (name, size) => vector(`${name}.weight`, size, 1, 0.3);

    matrix("model.embed_tokens.weight", [config.vocab_size, hidden], 0.4);
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
        const prefix = `model.layers.${layer}`;
        norm(`${prefix}.input_layernorm`, hidden);
        for (const name of ["q", "k", "v"]) {
            const heads = name === "q" ? config.num_attention_heads : config.num_key_value_heads;
            linear(`${prefix}.self_attn.${name}_proj`, heads * width, hidden, name === "v" ? 1 : 1.6);
            if (config.model_type === "qwen2")
                vector(`${prefix}.self_attn.${name}_proj.bias`, heads * width, 0, 0.5);
            if (config.model_type === "qwen3" && name !== "v")
                norm(`${prefix}.self_attn.${name}_norm`, width);
        }
        linear(`${prefix}.self_attn.o_proj`, hidden, config.num_attention_heads * width, 1);
        norm(`${prefix}.post_attention_layernorm`, hidden);
        linear(`${prefix}.mlp.gate_proj`, config.intermediate_size, hidden, 1.2);
        linear(`${prefix}.mlp.up_proj`, config.intermediate_size, hidden, 1.2);
        linear(`${prefix}.mlp.down_proj`, hidden, config.intermediate_size, 1);
    }
    norm("model.norm", hidden);
    if (config.architectures[0].endsWith("ForSequenceClassification"))
        linear("score", 1, hidden, 2);
    else if (!config.tie_word_embeddings)
        linear("lm_head", config.vocab_size, hidden, 2);
    return tensors;
}

function gpt2Weights(family) {
    const config = configs[family];
    const { tensors, matrix, vector } = drawing(family);
    const hidden = config.n_embd;
    const conv = (name, inputs, out, gain) => {
        matrix(`${name}.weight`, [inputs, out], gain / Math.sqrt(inputs));
        vector(`${name}.bias`, out, 0, 0.3);
    };
    const norm = name => {
        vector(`${name}.weight`, hidden, 1, 0.3);
        vector(`${name}.bias`, hidden, 0, 0.3);
    };

    matrix("wte.weight", [config.vocab_size, hidden], 0.4);
    matrix("wpe.weight", [config.n_positions, hidden], 0.3);
    for (let layer = 0; layer < config.n_layer; layer++) {
        norm(`h.${layer}.ln_1`);
        tensors.set(`h.${layer}.attn.bias`, causalMask(config.n_positions));
        conv(`h.${layer}.attn.c_attn`, hidden, 3 * hidden, 1.4);
        conv(`h.${layer}.attn.c_proj`, hidden, hidden, 1);
        norm(`h.${layer}.ln_2`);
        conv(`h.${layer}.mlp.c_fc`, hidden, 4 * hidden, 1.2);
        conv(`h.${layer}.mlp.c_proj`, 4 * hidden, hidden, 1);
    }
    norm("ln_f");
    return tensors;
}

// A buffer that the Hub's gpt2 carries in its checkpoint, not a parameter.
function causalMask(size) {
    const data = new Float32Array(size * size);
    for (let row = 0; row < size; row++)
        data.fill(1, row * size, row * size + row + 1);
    return { shape: [1, 1, size, size], data };
}

/** A PEFT LoRA adapter for a model: both factors random, as after training. */
export function adapterFor(base) {
    const { tensors, matrix } = drawing("adapter");
    const { r: rank, target_modules: targets } = adapterConfig;
    for (const [name, { shape: [out, inputs] }] of base) {
        const module = name.replace(/\.weight$/, "");
        if (!targets.includes(module.split(".").at(-1)))
            continue;
        matrix(`base_model.model.${module}.lora_A.weight`, [rank, inputs], 1 / Math.sqrt(inputs));
        matrix(`base_model.model.${module}.lora_B.weight`, [out, rank], 0.3);
    }
    return { config: adapterConfig, tensors };
}

function drawing(seed) {
    const tensors = new Map();
    const random = generator(`weights of ${seed}`);
    const draw = (name, shape, mean, deviation) => {
        const length = shape.reduce((a, b) => a * b);
        tensors.set(name, { shape, data: Float32Array.from({ length }, () => mean + deviation * random.normal()) });
    };
    return {
        tensors,
        matrix: (name, shape, deviation) => draw(name, shape, 0, deviation),
        vector: (name, size, mean, deviation) => draw(name, [size], mean, deviation),
    };
}
