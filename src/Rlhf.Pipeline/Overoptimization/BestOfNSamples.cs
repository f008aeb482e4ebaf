using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>A completion of a pool, or the one more that the best are compared with; <c>best-of-n-samples</c> artifact, file <c>samples.jsonl</c>.</summary>
/// <param name="Score">Mean of the reward model's members.</param>
sealed record PooledSample(string PromptId, Completion Completion, double Score);

/// <summary>Which comparison asks about the best of how many; file <c>asked.jsonl</c>.</summary>
/// <param name="Sample">Index, in its pool, of the completion that is the best of <paramref name="N"/> drawn ones.</param>
sealed record AskedBest(string ComparisonId, string PromptId, int N, int Sample);

/// <summary>What the pools are of; file <c>pools.json</c>.</summary>
/// <param name="PoolSize">Completions of a pool, which have samples 0 to one less; the one beside the pool has this sample.</param>
sealed record SampledPools(ArtifactRef Policy, ArtifactRef RewardModel, int PoolSize, IReadOnlyList<int> BestOf);

static class BestOfNSamples
{
    const string Kind = "best-of-n-samples", SamplesFile = "samples.jsonl", AskedFile = "asked.jsonl", PoolsFile = "pools.json";

    public static Task<ArtifactRef> PutPoolsAsync(
        this ArtifactStore artifacts, SampledPools pools, IReadOnlyList<PooledSample> samples, IReadOnlyList<AskedBest> asked, CancellationToken cancellationToken) =>
        artifacts.PutAsync(
            Kind, new Dictionary<string, byte[]> { [PoolsFile] = CanonicalJson.Serialize(pools), [SamplesFile] = JsonLines.Serialize(samples), [AskedFile] = JsonLines.Serialize(asked) }, cancellationToken);

    public static async Task<(SampledPools Pools, List<PooledSample> Samples, List<AskedBest> Asked)> ReadPoolsAsync(
        this ArtifactStore artifacts, ArtifactRef samples, CancellationToken cancellationToken) =>
        samples.Kind == Kind
            ? (await artifacts.ReadJsonAsync<SampledPools>(samples, PoolsFile, cancellationToken),
                await artifacts.ReadLinesAsync<PooledSample>(samples, SamplesFile, cancellationToken), await artifacts.ReadLinesAsync<AskedBest>(samples, AskedFile, cancellationToken))
            : throw new ArgumentException($"{samples} has no pools of completions; expected {Kind}/….");
}
