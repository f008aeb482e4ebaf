// llama.cpp, as node-llama-cpp runs it: on the CPU, float32 weights, float32 key and value cache, no flash attention.
process.env.NODE_LLAMA_CPP_SKIP_DOWNLOAD = "true";
const { getLlama } = await import("node-llama-cpp");

export async function startReferee() {
    const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, progressLogs: false, logLevel: "error", maxThreads: 1 });
    return {
        version: `llama.cpp ${llama.llamaCppRelease.release}`,
        dispose: () => llama.dispose(),

        /**
         * For each sequence of tokens, the log-probabilities of the next token at every position and the greedy
         * continuation. The API gives probabilities, in float32; they are the softmax of the unchanged logits.
         */
        async run(file, sequences, { adapter, continuation = 0 } = {}) {
            const model = await llama.loadModel({ modelPath: file, gpuLayers: 0, checkTensors: true });
            const context = await model.createContext({
                contextSize: 48, batchSize: 48, threads: 1, flashAttention: false,
                experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
                lora: adapter ? { adapters: [{ filePath: adapter, scale: 1 }] } : undefined,
            });
            const sequence = context.getSequence();
            const evaluate = async tokens => {
                const results = await sequence.controlledEvaluate(tokens.map(token => [token, { generateNext: { probabilities: true } }]));
                return results.map(result => {
                    const probabilities = result.next.probabilities;
                    return Array.from({ length: probabilities.size }, (_, token) => Math.log(probabilities.get(token)));
                });
            };
            const answers = [];
            for (const tokens of sequences) {
                await sequence.clearHistory();
                const logProbabilities = await evaluate(tokens);
                const greedy = [];
                for (let last = logProbabilities.at(-1); greedy.length < continuation; ) {
                    greedy.push(last.indexOf(Math.max(...last)));
                    if (greedy.length < continuation)
                        last = (await evaluate([greedy.at(-1)]))[0];
                }
                answers.push({ logProbabilities, greedy });
            }
            await context.dispose();
            await model.dispose();
            return answers;
        },
    };
}
