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
        var rated = inputs.Earlier is { } earlier && earlier != inputs.Champion && earlier != inputs.Challenger ? (int)Math.Ceiling(hparams.EarlierShare * prompts.Count) : 0;
        var (offset, total) = (0, 2 * prompts.Count + rated);
        foreach (var (source, sample, count) in new[] { (inputs.Champion, 0, prompts.Count), (inputs.Challenger, 1, prompts.Count), (inputs.Earlier!, 2, rated) })
        {
            if (completions.Count < offset + count)
            {
                using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
                await sampler.RunAsync(policy, source, [.. prompts.Take(count).Select(p => new CompletionRequest(p, sample))], completions, offset, total, cancellationToken);
            }
            offset += count;
        }
        var sides = Seeds.Derive(inputs.Seed, "sides");
        var comparisons = prompts
            .Select((p, i) => ComparisonSets.Create(p, completions[i], completions[prompts.Count + i], criteria.Axis, $"{EvidenceItem.DecidingPurpose}{pass}", sides)).ToList();
        if (rated > 0)
        {
            comparisons.AddRange(prompts.Take(rated).Select((p, i) => ComparisonSets.Create(
                p, completions[2 * prompts.Count + i], completions[prompts.Count + i], criteria.Axis, $"{EvidenceItem.RatingPurpose}{pass}", sides)));
            // Asked in a drawn order, so that their place tells nothing.
            comparisons = [.. comparisons.OrderBy(c => Seeds.Uniform(inputs.Seed, "order", c.Id)).ThenBy(c => c.Id, StringComparer.Ordinal)];
        }
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
