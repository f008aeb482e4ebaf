// Makes tests/Rlhf.Learning.Tests/Data/families: tiny random models in the Hub's format, with what they compute.
// The expected logits come from reference.mjs in double precision, after llama.cpp has confirmed them.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { encodeAdapter, encodeModel, encodeRewardModel } from "./gguf.mjs";
import { adapterFor, asTransformers5, configs, weights } from "./models.mjs";
import { fromFloat16, generator, printFloat, toFloat16 } from "./numbers.mjs";
import { forward, geluTanh, indexOfLargest, logSoftmax } from "./reference.mjs";
import { startReferee } from "./referee.mjs";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.mjs";

const target = path.resolve(import.meta.dirname, "../../Rlhf.Learning.Tests/Data/families");
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "families-"));
const packageVersion = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, "package.json"))).dependencies["node-llama-cpp"];
const continuation = 16;

const float32Tolerance = {
    tolerance: 5e-5,
    why: "float32 weights, activations and cache on both sides of the comparison but the reference's; what remains is float32 rounding",
};
const gpt2Tolerance = {
    tolerance: 1e-2,
    why: "llama.cpp's CPU backend looks GELU up in a table of half-precision numbers: its input and output carry 11 bits",
};

// With GELU rounded likewise in the reference, positions agree as the other families' do, but for the few in which
// float32 rounding sends some unit's input to the neighboring half-precision number.
const sameGelu = { largest: 2e-3, median: 2e-5 };

const referee = await startReferee();
const summary = [];
try {
    fs.rmSync(target, { recursive: true, force: true });
    for (const family of ["llama", "llama-tied", "llama-rope-scaled", "mistral", "qwen2", "qwen3", "gpt2"])
        await languageModel(family);
    await rounded("llama-bfloat16", "BF16", "bfloat16", 3);
    await rounded("llama-float16", "F16", "float16", 1);
    await adapted("llama-lora", "llama");
    for (const family of ["llama-reward", "qwen2-reward"])
        await rewardModel(family);
} finally {
    await referee.dispose();
    fs.rmSync(scratch, { recursive: true });
}
console.table(summary);

async function languageModel(family) {
    const config = configs[family];
    write(family, "config.json", json(sorted(config)));
    write(family, "model.safetensors", encodeSafetensors(weights(family)));
    const tensors = read(family, "model.safetensors");
    if (config.rope_scaling)
        write(family, "config.transformers-5.json", json(sorted(asTransformers5(config))));
    await expect({ family, config, tensors, lengths: [1, 3, 7, 13, 24] });
}

// The plain Llama once more, its weights rounded to 16 bits: what is expected is what the rounded weights give.
async function rounded(family, type, torchType, shards) {
    const config = { ...configs.llama, torch_dtype: torchType };
    const exact = weights("llama");
    const tensors = new Map();
    write(family, "config.json", json(sorted(config)));
    const files = shards === 1
        ? ["model.safetensors"]
        : Array.from({ length: shards }, (_, shard) => `model-${number(shard + 1)}-of-${number(shards)}.safetensors`);
    const names = [...exact.keys()];
    const size = Math.ceil(names.length / shards);
    const map = {};
    for (const [shard, file] of files.entries()) {
        const part = names.slice(shard * size, (shard + 1) * size);
        write(family, file, encodeSafetensors(new Map(part.map(name => [name, exact.get(name)])), type));
        for (const [name, tensor] of read(family, file)) {
            tensors.set(name, tensor);
            map[name] = file;
        }
    }
    if (shards > 1) {
        const bytes = [...tensors.values()].reduce((sum, { data }) => sum + 2 * data.length, 0);
        write(family, "model.safetensors.index.json", json({ metadata: { total_size: bytes }, weight_map: sorted(map) }));
    }
    await expect({ family, config, tensors, lengths: [5, 12] });
}

async function adapted(family, base) {
    const tensors = read(base, "model.safetensors");
    const made = adapterFor(tensors);
    write(family, "adapter_config.json", json(sorted(made.config)));
    write(family, "adapter_model.safetensors", encodeSafetensors(made.tensors));
    const adapter = { config: made.config, tensors: read(family, "adapter_model.safetensors") };
    await expect({ family, config: configs[base], tensors, lengths: [5, 12, 20], adapter, more: { base } });
}

async function expect({ family, config, tensors, lengths, adapter, more = {} }) {
    checkSensitivity(family, config, tensors, adapter);
    const prompts = lengths.map(length => choosePrompt(family, config, tensors, length, adapter));
    const file = scratchFile("model.gguf", encodeModel(config, tensors));
    const adapterFile = adapter && scratchFile("adapter.gguf", encodeAdapter(config, adapter));
    const answers = await referee.run(file, prompts.map(prompt => prompt.tokens), { adapter: adapterFile, continuation });

    const isGpt2 = config.model_type === "gpt2";
    const stated = isGpt2 ? gpt2Tolerance : float32Tolerance;
    const differences = [];
    const differencesWithSameGelu = [];
    const sequences = prompts.map(({ tokens, greedy }, i) => {
        const { logits } = forward(config, tensors, tokens, { adapter });
        differences.push(...differencesByPosition(logits, answers[i].logProbabilities));
        if (isGpt2) {
            const half = x => fromFloat16(toFloat16(x));
            const same = forward(config, tensors, tokens, { gelu: x => half(geluTanh(half(x))) });
            differencesWithSameGelu.push(...differencesByPosition(same.logits, answers[i].logProbabilities));
        }
        if (greedy.join() !== answers[i].greedy.join())
            throw new Error(`${family}: llama.cpp continues with ${answers[i].greedy}, the reference with ${greedy}`);
        const confirmation = answers[i].logProbabilities.map(decimals);
        return { tokens, greedy, logits: logits.map(significant), llamacppLogProbabilities: confirmation };
    });
    confirm(family, Math.max(...differences), stated.tolerance);
    const figures = { largestDifference: twoDigits(Math.max(...differences)), ...stated };
    if (isGpt2) {
        const [largest, middle] = [Math.max(...differencesWithSameGelu), median(differencesWithSameGelu)];
        confirm(`${family}, same GELU`, largest, sameGelu.largest);
        confirm(`${family}, same GELU, median`, middle, sameGelu.median);
        figures.withHalfPrecisionGelu = { largestDifference: twoDigits(largest), medianDifference: twoDigits(middle) };
    }
    write(family, "expected.json", json({
        family, ...more, tolerance: 1e-4, referee: "llama.cpp",
        llamacpp: { ...origin(), ...figures },
        sequences,
    }));
}

// llama.cpp scores the sequences through a head that has the score as one of its rows; see encodeRewardModel.
async function rewardModel(family) {
    const config = configs[family];
    write(family, "config.json", json(sorted(config)));
    write(family, "model.safetensors", encodeSafetensors(weights(family)));
    const tensors = read(family, "model.safetensors");
    checkSensitivity(family, config, tensors);

    const random = generator(`sequences of ${family}`);
    const lists = [1, 2, 6, 11, 17, 24].map(length => Array.from({ length }, () => 3 + random.integer(config.vocab_size - 3)));
    const answers = await referee.run(scratchFile("model.gguf", encodeRewardModel(config, tensors)), lists);
    let difference = 0;
    const sequences = lists.map((tokens, i) => {
        const scores = rewards(config, tensors, tokens);
        const confirmed = answers[i].logProbabilities.map(position => position[0] - position[1]);
        difference = Math.max(difference, ...scores.map((score, position) => Math.abs(score - confirmed[position])));
        return {
            tokens, score: significant(scores).at(-1), scores: significant(scores),
            llamacppScore: decimals(confirmed).at(-1), llamacppScores: decimals(confirmed),
        };
    });
    confirm(family, difference, float32Tolerance.tolerance);
    write(family, "expected.json", json({
        family, tolerance: 1e-4, referee: "own",
        llamacpp: {
            ...origin(), largestDifference: twoDigits(difference), ...float32Tolerance,
            how: "the score's weights as a row of a language model's head, zeros as another: the difference of two log-probabilities",
        },
        sequences,
    }));
}

function rewards(config, tensors, tokens) {
    const weight = tensors.get("score.weight").data;
    return forward(config, tensors, tokens).hidden.map(state => state.reduce((sum, value, i) => sum + weight[i] * value, 0));
}

// A prompt whose greedy continuation is decided clearly at every step, says more than one thing and does not end early.
function choosePrompt(family, config, tensors, length, adapter) {
    const random = generator(`sequence of ${length} for ${family}`);
    for (let attempt = 0; attempt < 200; attempt++) {
        const tokens = Array.from({ length }, () => random.integer(config.vocab_size));
        const all = [...tokens];
        const greedy = [];
        let clear = true;
        while (clear && greedy.length < continuation) {
            const logits = forward(config, tensors, all, { adapter }).logits.at(-1);
            const best = indexOfLargest(logits);
            const runnerUp = Math.max(...logits.filter((_, token) => token !== best));
            clear = logits[best] - runnerUp > 0.03 && ![config.bos_token_id, config.eos_token_id].includes(best);
            greedy.push(best);
            all.push(best);
        }
        if (clear && new Set(greedy).size >= 5)
            return { tokens, greedy };
    }
    throw new Error(`${family}: no prompt of ${length} tokens has a clear continuation`);
}

// A fixture proves little about a part whose absence no test would notice: every change below moves some logit (or
// score) by well over the tolerance.
function checkSensitivity(family, config, tensors, adapter) {
    const random = generator(`sensitivity of ${family}`);
    const tokens = Array.from({ length: 24 }, () => random.integer(config.vocab_size));
    const run = (changedConfig, changedTensors, changedAdapter = adapter) => tensors.has("score.weight")
        ? rewards(changedConfig, changedTensors, tokens)
        : forward(changedConfig, changedTensors, tokens, { adapter: changedAdapter }).logits.flat();
    const right = run(config, tensors);
    const changes = {};
    const compare = (what, values) => (changes[what] = Math.max(...values.map((value, i) => Math.abs(value - right[i]))));
    const replace = (pattern, value) => new Map([...tensors].map(([name, tensor]) =>
        [name, pattern.test(name) ? { ...tensor, data: tensor.data.map(value) } : tensor]));

    const epsilon = config.model_type === "gpt2" ? "layer_norm_epsilon" : "rms_norm_eps";
    compare("epsilon 1e-5", run({ ...config, [epsilon]: 1e-5 }, tensors));
    if (config.rope_theta)
        compare("theta 10000", run({ ...config, rope_theta: 10000 }, tensors));
    if (config.rope_scaling)
        compare("no scaling", run({ ...config, rope_scaling: null }, tensors));
    if (adapter)
        compare("no adapter", run(config, tensors, null));
    for (const part of new Set([...tensors.keys()].map(name => name.replace(/^.*\.(\d+)\./, ""))))
        if (/(norm|ln_\w)\.weight$/.test(part))
            compare(`${part} one`, run(config, replace(endsWith(part), () => 1)));
        else if ((part.endsWith("bias") && part !== "attn.bias") || part === "wpe.weight")
            compare(`${part} zero`, run(config, replace(endsWith(part), () => 0)));
    const least = Object.entries(changes).reduce((a, b) => (b[1] < a[1] ? b : a));
    if (least[1] < 5e-4)
        throw new Error(`${family}: "${least[0]}" changes the result by ${least[1]} only`);
    const row = { fixture: family, "largest difference": undefined };
    summary.push({ ...row, "least sensitive to": least[0], "which changes the result by": twoDigits(least[1]) });
}

function endsWith(part) {
    return new RegExp(`(^|\\.)${part.replaceAll(".", "\\.")}$`);
}

function differencesByPosition(logits, logProbabilities) {
    return logits.map((position, i) =>
        Math.max(...logSoftmax(position).map((value, token) => Math.abs(value - logProbabilities[i][token]))));
}

function median(values) {
    return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function confirm(what, difference, tolerance) {
    if (!(difference <= tolerance))
        throw new Error(`${what}: llama.cpp and the reference differ by ${difference}, more than ${tolerance}`);
    const row = summary.findLast(entry => entry.fixture === what);
    if (row)
        row["largest difference"] = twoDigits(difference);
    else
        summary.push({ fixture: what, "largest difference": twoDigits(difference) });
}

function origin() {
    return { version: referee.version, package: `node-llama-cpp ${packageVersion}`, cache: "float32", flashAttention: false };
}

function significant(values) {
    return values.map(value => Number(value.toPrecision(7)));
}

function decimals(values) {
    return values.map(value => Number(value.toFixed(5)));
}

function twoDigits(value) {
    return Number(value.toPrecision(2));
}

function number(value) {
    return String(value).padStart(5, "0");
}

// The Hub's files have their keys in order.
function sorted(value) {
    if (value === null || typeof value !== "object" || Array.isArray(value) || value.isFloat)
        return value;
    const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
    return Object.fromEntries(keys.map(key => [key, sorted(value[key])]));
}

// Indented, but a list of numbers on one line.
function json(value) {
    const isRow = item => Array.isArray(item) && item.every(element => typeof element === "number");
    const print = (item, indent) => {
        if (item?.isFloat)
            return printFloat(item);
        if (isRow(item) || item === null || typeof item !== "object")
            return JSON.stringify(item);
        const inner = `${indent}  `;
        const [open, close] = Array.isArray(item) ? "[]" : "{}";
        const lines = Array.isArray(item)
            ? item.map(element => print(element, inner))
            : Object.entries(item).map(([key, element]) => `${JSON.stringify(key)}: ${print(element, inner)}`);
        return lines.length === 0 ? open + close : `${open}\n${lines.map(line => inner + line).join(",\n")}\n${indent}${close}`;
    };
    return `${print(value, "")}\n`;
}

function write(family, name, content) {
    fs.mkdirSync(path.join(target, family), { recursive: true });
    fs.writeFileSync(path.join(target, family, name), content);
}

function read(family, name) {
    return decodeSafetensors(fs.readFileSync(path.join(target, family, name)));
}

function scratchFile(name, content) {
    const file = path.join(scratch, name);
    fs.writeFileSync(file, content);
    return file;
}
