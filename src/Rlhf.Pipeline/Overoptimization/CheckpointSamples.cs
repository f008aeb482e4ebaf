using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>
/// A completion of the checkpoint, or of the policy that the training started from, to a training prompt; <c>checkpoint-samples</c> artifact, file
/// <c>samples.jsonl</c>: the starting policy's first, then the checkpoint's, both in the order of the prompts.
/// </summary>
/// <param name="IsStart">True where the starting policy wrote it.</param>
/// <param name="Scores">By each member of the reward model.</param>
/// <param name="ReferenceLogprob">Of the completion's tokens by the reference policy, in nats.</param>
sealed record CheckpointSample(Prompt Prompt, Completion Completion, bool IsStart, IReadOnlyList<double> Scores, double ReferenceLogprob)
{
    public double Score => Scores.Average();
}

/// <summary>What the samples of a checkpoint are of; file <c>checkpoint.json</c>.</summary>
/// <param name="Kl">Sequence KL to the starting policy, in nats, as estimated.</param>
/// <param name="KlToReference">To the reference policy.</param>
/// <param name="Gains">What a member's score is of its log-odds.</param>
/// <param name="HiddenDistance">Of the reward model's hidden states to those of the starting policy's completions, root mean square over the dimensions, in deviations; the mean of the members.</param>
sealed record SampledCheckpoint(
    ArtifactRef Policy, ArtifactRef Start, ArtifactRef Reference, ArtifactRef RewardModel, double Kl, double KlToReference, IReadOnlyList<double> Gains, double HiddenDistance);

static class CheckpointSamples
{
    const string Kind = "checkpoint-samples", SamplesFile = "samples.jsonl", CheckpointFile = "checkpoint.json";

    public static Task<ArtifactRef> PutSamplesAsync(
        this ArtifactStore artifacts, SampledCheckpoint checkpoint, IReadOnlyList<CheckpointSample> samples, CancellationToken cancellationToken) =>
        artifacts.PutAsync(Kind, new Dictionary<string, byte[]> { [CheckpointFile] = CanonicalJson.Serialize(checkpoint), [SamplesFile] = JsonLines.Serialize(samples) }, cancellationToken);

    public static async Task<(SampledCheckpoint Checkpoint, List<CheckpointSample> Samples)> ReadSamplesAsync(
        this ArtifactStore artifacts, ArtifactRef samples, CancellationToken cancellationToken) =>
        samples.Kind == Kind
            ? (await artifacts.ReadJsonAsync<SampledCheckpoint>(samples, CheckpointFile, cancellationToken), await artifacts.ReadLinesAsync<CheckpointSample>(samples, SamplesFile, cancellationToken))
            : throw new ArgumentException($"{samples} is no sample of a checkpoint; expected {Kind}/….");
}
