// The decoders, written down once more in plain loops over double-precision numbers, as their papers and the
// transformers library define them. It is slow, has no cache and no batches, and is meant to be read.

/**
 * What a model computes for a sequence: `hidden` (after the last norm) and `logits`, both for every position.
 * `tensors` is a Map from the checkpoint's names to {shape, data}. `options.adapter` is a PEFT LoRA adapter
 * ({config, tensors}); `options.gelu` replaces GPT-2's activation.
 */
export function forward(config, tensors, tokens, options = {}) {
    return config.model_type === "gpt2" ? forwardGpt2(config, tensors, tokens, options) : forwardLlama(config, tensors, tokens, options);
}

export function logSoftmax(logits) {
    const largest = Math.max(...logits);
    let sum = 0;
    for (const logit of logits)
        sum += Math.exp(logit - largest);
    return logits.map(logit => logit - largest - Math.log(sum));
}

export function indexOfLargest(values) {
    let best = 0;
    for (let i = 1; i < values.length; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

// Llama, and its relatives Mistral, Qwen2 and Qwen3: they differ in which biases and norms there are, which shows in
// the checkpoint's names, and in the width of a head.
function forwardLlama(config, tensors, tokens, { adapter }) {
    const heads = config.num_attention_heads;
    const groups = config.num_key_value_heads ?? heads;
    const width = config.head_dim ?? config.hidden_size / heads;
    const epsilon = config.rms_norm_eps;
    const frequencies = rotaryFrequencies(config, width);

    const linear = (name, x) => {
        const y = multiply(tensors.get(`${name}.weight`), x, tensors.get(`${name}.bias`));
        const a = adapter?.tensors.get(`base_model.model.${name}.lora_A.weight`);
        if (!a)
            return y;
        const change = multiply(adapter.tensors.get(`base_model.model.${name}.lora_B.weight`), multiply(a, x));
        const scale = adapter.config.lora_alpha / adapter.config.r;
        return y.map((value, i) => value + scale * change[i]);
    };
    const norm = (name, x) => rmsNorm(x, tensors.get(`${name}.weight`).data, epsilon);

    let states = tokens.map(token => row(tensors.get("model.embed_tokens.weight"), token));
    for (let layer = 0; layer < config.num_hidden_layers; layer++) {
        const prefix = `model.layers.${layer}`;
        const attention = `${prefix}.self_attn`;
        const normed = states.map(x => norm(`${prefix}.input_layernorm`, x));
        const project = (name, count, position, x) => {
            let parts = split(linear(`${attention}.${name}_proj`, x), count);
            if (tensors.has(`${attention}.${name}_norm.weight`))
                parts = parts.map(part => norm(`${attention}.${name}_norm`, part));
            return name === "v" ? parts : parts.map(part => rotate(part, position, frequencies));
        };
        const queries = normed.map((x, position) => project("q", heads, position, x));
        const keys = normed.map((x, position) => project("k", groups, position, x));
        const values = normed.map((x, position) => project("v", groups, position, x));
        const mixed = attend(queries, keys, values);
        states = states.map((x, position) => add(x, linear(`${attention}.o_proj`, mixed[position])));
        states = states.map(x => {
            const y = norm(`${prefix}.post_attention_layernorm`, x);
            const gate = linear(`${prefix}.mlp.gate_proj`, y);
            const up = linear(`${prefix}.mlp.up_proj`, y);
            return add(x, linear(`${prefix}.mlp.down_proj`, gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i])));
        });
    }
    const hidden = states.map(x => norm("model.norm", x));
    const head = tensors.get("lm_head.weight") ?? tensors.get("model.embed_tokens.weight");
    return { hidden, logits: hidden.map(x => multiply(head, x)) };
}

// GPT-2: learned positions, LayerNorm, one projection for query, key and value, weights stored as [in, out].
function forwardGpt2(config, tensors, tokens, { gelu = geluTanh }) {
    const conv = (name, x) => multiplyTransposed(tensors.get(`${name}.weight`), x, tensors.get(`${name}.bias`));
    const norm = (name, x) =>
        layerNorm(x, tensors.get(`${name}.weight`).data, tensors.get(`${name}.bias`).data, config.layer_norm_epsilon);

    let states = tokens.map((token, position) => add(row(tensors.get("wte.weight"), token), row(tensors.get("wpe.weight"), position)));
    for (let layer = 0; layer < config.n_layer; layer++) {
        const fused = states.map(x => split(conv(`h.${layer}.attn.c_attn`, norm(`h.${layer}.ln_1`, x)), 3));
        const [queries, keys, values] = [0, 1, 2].map(part => fused.map(x => split(x[part], config.n_head)));
        const mixed = attend(queries, keys, values);
        states = states.map((x, position) => add(x, conv(`h.${layer}.attn.c_proj`, mixed[position])));
        states = states.map(x => {
            const inner = conv(`h.${layer}.mlp.c_fc`, norm(`h.${layer}.ln_2`, x));
            return add(x, conv(`h.${layer}.mlp.c_proj`, inner.map(gelu)));
        });
    }
    const hidden = states.map(x => norm("ln_f", x));
    return { hidden, logits: hidden.map(x => multiply(tensors.get("wte.weight"), x)) };
}

// Causal attention. Several query heads in a row share a key and value head.
function attend(queries, keys, values) {
    return queries.map((query, position) =>
        query.flatMap((q, head) => {
            const group = Math.floor((head * keys[0].length) / query.length);
            const scores = [];
            for (let past = 0; past <= position; past++)
                scores.push(dot(q, keys[past][group]) / Math.sqrt(q.length));
            const shares = logSoftmax(scores).map(Math.exp);
            const mixed = new Array(q.length).fill(0);
            for (let past = 0; past <= position; past++)
                for (let i = 0; i < q.length; i++)
                    mixed[i] += shares[past] * values[past][group][i];
            return mixed;
        }));
}

// Angles a position turns by. With Llama 3's scaling, waves that fit the original context several times stay, waves
// longer than it are stretched by the factor, and those between are blended.
function rotaryFrequencies(config, width) {
    const scaling = config.rope_scaling;
    const frequencies = [];
    for (let i = 0; i < width / 2; i++) {
        const frequency = config.rope_theta ** ((-2 * i) / width);
        if (!scaling) {
            frequencies.push(frequency);
            continue;
        }
        const turns = (scaling.original_max_position_embeddings * frequency) / (2 * Math.PI);
        const blend = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
        const kept = Math.min(1, Math.max(0, blend));
        frequencies.push(kept * frequency + ((1 - kept) * frequency) / scaling.factor);
    }
    return frequencies;
}

// Element i of the first half and element i of the second half are one pair.
function rotate(x, position, frequencies) {
    const half = x.length / 2;
    const y = new Array(x.length);
    for (let i = 0; i < half; i++) {
        const cos = Math.cos(position * frequencies[i]);
        const sin = Math.sin(position * frequencies[i]);
        y[i] = x[i] * cos - x[i + half] * sin;
        y[i + half] = x[i + half] * cos + x[i] * sin;
    }
    return y;
}

export function geluTanh(x) {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

function rmsNorm(x, weight, epsilon) {
    const scale = 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
    return x.map((value, i) => value * scale * weight[i]);
}

function layerNorm(x, weight, bias, epsilon) {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const centered = x.map(value => value - mean);
    const scale = 1 / Math.sqrt(dot(centered, centered) / x.length + epsilon);
    return centered.map((value, i) => value * scale * weight[i] + bias[i]);
}

function multiply({ shape: [rows, columns], data }, x, bias) {
    const y = new Array(rows);
    for (let r = 0; r < rows; r++) {
        let sum = bias ? bias.data[r] : 0;
        for (let c = 0; c < columns; c++)
            sum += data[r * columns + c] * x[c];
        y[r] = sum;
    }
    return y;
}

function multiplyTransposed({ shape: [rows, columns], data }, x, bias) {
    const y = Array.from(bias.data);
    for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
            y[c] += data[r * columns + c] * x[r];
    return y;
}

function row({ shape: [, columns], data }, index) {
    return Array.from(data.subarray(index * columns, (index + 1) * columns));
}

function split(x, parts) {
    const width = x.length / parts;
    return Array.from({ length: parts }, (_, part) => x.slice(part * width, (part + 1) * width));
}

function dot(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i++)
        sum += a[i] * b[i];
    return sum;
}

function add(a, b) {
    return a.map((value, i) => value + b[i]);
}
