using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Sampling;

sealed class SampleCompletionsStep : Step<SampleCompletions.Inputs, SampleCompletions.HParams, SampleCompletions.Outputs>
{
    public override StepDescription Description => SampleCompletions.Description;

    protected override async Task<StepResult> RunAsync(
        SampleCompletions.Inputs inputs, SampleCompletions.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var prompts = await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken);
        var requests = prompts.Where(p => !p.HeldOut).Draw(hparams.TrainPrompts, inputs.Seed, "train")
            .Concat(prompts.Where(p => p.HeldOut).Draw(hparams.HeldOutPrompts, inputs.Seed, "held-out"))
            .SelectMany(p => Enumerable.Range(0, hparams.SamplesPerPrompt).Select(sample => new CompletionRequest(p, sample))).ToList();

        using var policy = await context.Artifacts.LoadPolicyAsync(inputs.Policy, trainable: false, cancellationToken);
        var sampler = new CompletionSampler(
            context, new(hparams.Temperature, hparams.TopK, hparams.TopP, hparams.MaxNewTokens, hparams.Slots), Seeds.Derive(inputs.Seed, "completions"));
        var completions = await sampler.RunAsync(
            policy, inputs.Policy, requests, await CompletionSampler.ResumeAsync(context, cancellationToken), 0, requests.Count, cancellationToken);
        return Completed(new(await context.Artifacts.PutAsync(
            "completions", new Dictionary<string, byte[]> { ["completions.jsonl"] = JsonLines.Serialize(completions) }, cancellationToken)));
    }
}
