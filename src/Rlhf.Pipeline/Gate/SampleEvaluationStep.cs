using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class SampleEvaluationStep : Step<SampleEvaluation.Inputs, SampleEvaluation.HParams, SampleEvaluation.Outputs>
{
    public override StepDescription Description => SampleEvaluation.Description;

    protected override async Task<StepResult> RunAsync(
        SampleEvaluation.Inputs inputs, SampleEvaluation.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var criteria = await context.Artifacts.ReadCriteriaAsync(inputs.Criteria, cancellationToken);
        var evidence = await context.Artifacts.ReadEvidenceAsync(inputs.Evidence, cancellationToken);
        var pass = evidence.Count == 0 ? 1 : evidence.Max(e => e.Pass) + 1;
        var left = NotAsked(await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken), evidence, inputs.Seed);
        if (inputs.Preferences is not null) RefuseLeaks(left, await context.Artifacts.ReadPairsAsync(inputs.Preferences, cancellationToken), inputs);
        List<Prompt> prompts = [.. left.Take(hparams.Comparisons)];
        var settings = new SamplingSettings(hparams.Temperature, hparams.TopK, hparams.TopP, hparams.MaxNewTokens, hparams.Slots);
        var sampler = new CompletionSampler(context, settings, Seeds.Derive(inputs.Seed, "evaluation", $"{pass}"));

        var completions = await CompletionSampler.ResumeAsync(context, cancellationToken);
        foreach (var (source, sample) in new[] { (inputs.Champion, 0), (inputs.Challenger, 1) })
        {
            using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
            if (completions.Count < (sample + 1) * prompts.Count)
                await sampler.RunAsync(
                    policy, source, [.. prompts.Select(p => new CompletionRequest(p, sample))], completions, sample * prompts.Count, 2 * prompts.Count, cancellationToken);
        }
        var comparisons = prompts
            .Select((p, i) => ComparisonSets.Create(p, completions[i], completions[prompts.Count + i], criteria.Axis, $"{GateEvidence.Purpose}{pass}", Seeds.Derive(inputs.Seed, "sides"))).ToList();
        var subject = new EvaluationSubject(inputs.Champion, inputs.Challenger, inputs.Criteria, left.Count - prompts.Count);
        return Completed(new(await context.Artifacts.PutComparisonsAsync(comparisons, cancellationToken, (EvaluationSubject.File, CanonicalJson.Serialize(subject)))));
    }

    /// <summary>Held-out prompts in an order drawn by the seed, without those that were asked: the test looks at each prompt once, when it is complete.</summary>
    static List<Prompt> NotAsked(List<Prompt> prompts, List<EvidenceItem> evidence, long seed)
    {
        var asked = evidence.Select(e => e.Comparison.PromptId).ToHashSet();
        var heldOut = prompts.Where(p => p.HeldOut).Draw(int.MaxValue, seed, "evaluation").ToList();
        if (heldOut.Count == 0) throw new InvalidDataException("The prompt set has no held-out prompt; a gate needs prompts that were never trained on.");
        var left = heldOut.Where(p => !asked.Contains(p.Id)).ToList();
        return left.Count > 0 ? left : throw new InvalidDataException($"All {heldOut.Count} held-out prompts were asked about; a gate cannot ask again.");
    }

    static void RefuseLeaks(List<Prompt> prompts, IEnumerable<PreferencePair> pairs, SampleEvaluation.Inputs inputs)
    {
        var trained = pairs.Where(p => !p.HeldOut).Select(p => p.PromptId).ToHashSet();
        if (prompts.FirstOrDefault(p => trained.Contains(p.Id)) is { } leak)
            throw new InvalidDataException($"Prompt {leak.Id} of {inputs.Prompts.Short} is held out there and was trained on in {inputs.Preferences!.Short}; expected prompts that were never trained on.");
    }
}
