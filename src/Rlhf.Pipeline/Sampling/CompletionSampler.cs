using Rlhf.Learning.Sampling;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Sampling;

/// <summary>One completion to sample: which prompt, and the index that keys its randomness.</summary>
sealed record CompletionRequest(Prompt Prompt, int Sample);

/// <summary>How to sample, and how many sequences are decoded together.</summary>
sealed record SamplingSettings(double Temperature, int TopK, double TopP, int MaxNewTokens, int Slots, bool WithLogprobs = false);

/// <summary>Samples completions in chunks; each finished chunk can be a checkpoint, and a resume goes on after the last one.</summary>
sealed class CompletionSampler(StepContext context, SamplingSettings settings, long seed)
{
    internal const string CompletionsFile = "completions.jsonl";

    /// <summary>
    /// Completions in the order of the requests, after those in <paramref name="done"/> (checkpoints hold both). <paramref name="share"/> maps
    /// this run's progress into the step's.
    /// </summary>
    public async Task<List<Completion>> RunAsync(
        LoadedPolicy policy, ArtifactRef source, IReadOnlyList<CompletionRequest> requests, List<Completion> done, int offset, int total,
        CancellationToken cancellationToken)
    {
        var positions = policy.Model.Config.ContextLength;
        var samples = requests.Until(cancellationToken).Select(r => new SampleRequest(PromptText.Encode(r.Prompt, policy.Format, positions), r.Prompt.SamplingId(), r.Sample)).ToList();
        // A step costs time in proportion to the cache: no longer than the longest text can become.
        using var step = new DecoderStep(policy.Model, settings.Slots, Math.Min(positions, samples.Max(s => s.Prompt.Length) + settings.MaxNewTokens));
        var sampler = new Sampler(
            step, new() { Temperature = settings.Temperature, TopK = settings.TopK, TopP = settings.TopP, MaxNewTokens = settings.MaxNewTokens },
            (ulong)seed, policy.Model.Config.Ends, settings.WithLogprobs);
        foreach (var chunk in Enumerable.Range(0, requests.Count).Skip(done.Count - offset).Chunk(4 * settings.Slots))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sampled = Sample(sampler, [.. chunk.Select(i => samples[i])], context.Checkpoints.Drain, cancellationToken);
            done.AddRange(sampled.Select((s, k) => ToCompletion(requests[chunk[k]], s, policy, source)));
            context.Progress((double)done.Count / total, $"{done.Count} of {total} completions");
            if (context.Checkpoints.Due)
                await context.Checkpoints.SaveAsync(done.Count, new Dictionary<string, byte[]> { [CompletionsFile] = JsonLines.Serialize(done) }, cancellationToken);
        }
        return done;
    }

    /// <summary>The completions of the requests; where the worker is being drained meanwhile, those from the first on that are done by then.</summary>
    internal static List<SampledCompletion> Sample(
        Sampler sampler, IReadOnlyList<SampleRequest> requests, CancellationToken drain, CancellationToken cancellationToken)
    {
        var finished = new SampledCompletion?[requests.Count];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, drain);
        try
        {
            sampler.Run(requests, (i, completion) => finished[i] = completion, stop.Token);
        }
        catch (OperationCanceledException) when (drain.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // A chunk of a large model takes minutes; the checkpoint of what is done follows at once.
        }
        return [.. finished.TakeWhile(completion => completion is not null).OfType<SampledCompletion>()];
    }

    /// <summary>What an earlier attempt has sampled.</summary>
    public static async Task<List<Completion>> ResumeAsync(StepContext context, CancellationToken cancellationToken) =>
        await context.Checkpoints.LoadAsync(cancellationToken) is { } checkpoint
            ? JsonLines.Deserialize<Completion>(checkpoint.Bytes(), "the checkpoint's completions")
            : [];

    static Completion ToCompletion(CompletionRequest request, SampledCompletion sample, LoadedPolicy policy, ArtifactRef source) => new(
        request.Prompt.Id, request.Sample, policy.Format.Completion(sample.Sequence, sample.PromptLength, sample.Finished), sample.Finished,
        sample.Sequence.Length - sample.PromptLength, source)
    { MeanLogprob = sample.Logprobs is { Length: > 0 } logprobs ? logprobs.Average(l => (double)l) : null };
}
