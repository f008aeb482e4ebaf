using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class SampleEvaluationStep : Step<SampleEvaluation.Inputs, SampleEvaluation.HParams, SampleEvaluation.Outputs>
{
    public override StepDescription Description => SampleEvaluation.Description;

    protected override async Task<StepResult> RunAsync(
        SampleEvaluation.Inputs inputs, SampleEvaluation.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var evidence = inputs.Evidence is null ? [] : await context.Artifacts.ReadLinesAsync<EvidenceItem>(inputs.Evidence, "evidence.jsonl", cancellationToken);
        var pass = evidence.Count == 0 ? 1 : evidence.Max(e => e.Pass) + 1;
        var prompts = Choose(await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken), evidence, hparams.Comparisons, inputs.Seed);
        var settings = new SamplingSettings(hparams.Temperature, hparams.TopK, hparams.TopP, hparams.MaxNewTokens, hparams.Slots);
        // Another pass of the same prompt must not draw the same completions again.
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
            .Select((p, i) => ComparisonSets.Create(p, completions[i], completions[prompts.Count + i], "preference", $"evaluation-{pass}", Seeds.Derive(inputs.Seed, "sides"))).ToList();
        return Completed(new(await context.Artifacts.PutComparisonsAsync(comparisons, cancellationToken)));
    }

    /// <summary>Held-out prompts in an order drawn by the seed, those not asked yet first; a prompt stands once in a pass.</summary>
    static List<Prompt> Choose(List<Prompt> prompts, List<EvidenceItem> evidence, int count, long seed)
    {
        var asked = evidence.GroupBy(e => e.Comparison.PromptId).ToDictionary(g => g.Key, g => g.Count());
        var heldOut = prompts.Where(p => p.HeldOut).Draw(int.MaxValue, seed, "evaluation");
        return heldOut.Count > 0
            ? [.. heldOut.OrderBy(p => asked.GetValueOrDefault(p.Id)).Take(count)]
            : throw new InvalidDataException("The prompt set has no held-out prompt; a gate needs prompts that were never trained on.");
    }
}
