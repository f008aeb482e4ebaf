using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

sealed class SelectComparisonsStep : Step<SelectComparisons.Inputs, SelectComparisons.HParams, SelectComparisons.Outputs>
{
    public override StepDescription Description => SelectComparisons.Description;

    protected override async Task<StepResult> RunAsync(
        SelectComparisons.Inputs inputs, SelectComparisons.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).ToDictionary(p => p.Id);
        var completions = await context.Artifacts.ReadLinesAsync<Completion>(inputs.Completions, "completions.jsonl", cancellationToken);
        var seed = Seeds.Derive(inputs.Seed, "comparisons");
        var candidates =
            from byPrompt in completions.GroupBy(c => c.PromptId).Until(cancellationToken)
            let prompt = prompts.TryGetValue(byPrompt.Key, out var known) ? known
                : throw new InvalidDataException($"A completion answers prompt {byPrompt.Key}, which {inputs.Prompts.Short} does not have.")
            let samples = byPrompt.OrderBy(c => c.Sample).ToList()
            from i in Enumerable.Range(0, samples.Count)
            from j in Enumerable.Range(i + 1, samples.Count - i - 1)
            where samples[i].Text != samples[j].Text
            select ComparisonSets.Create(prompt, samples[i], samples[j], hparams.Axis, prompt.HeldOut ? "heldOut" : "training", seed);
        var chosen = candidates.OrderBy(c => Seeds.Uniform(seed, "choice", c.Id)).ThenBy(c => c.Id, StringComparer.Ordinal).Take(hparams.Budget).ToList();
        return Completed(new(await context.Artifacts.PutComparisonsAsync(chosen, cancellationToken)));
    }
}
