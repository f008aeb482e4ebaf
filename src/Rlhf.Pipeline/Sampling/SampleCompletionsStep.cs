using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Sampling;

sealed class SampleCompletionsStep : Step<SampleCompletions.Inputs, SampleCompletions.HParams, SampleCompletions.Outputs>
{
    const int ScoredAtOnce = 64;

    public override StepDescription Description => SampleCompletions.Description;

    protected override async Task<StepResult> RunAsync(
        SampleCompletions.Inputs inputs, SampleCompletions.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var mix = new SourceMix(hparams, Seeds.Derive(inputs.Seed, "sources"));
        var all = await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken);
        var prompts = all.Where(p => !p.HeldOut).Draw(hparams.TrainPrompts, inputs.Seed, "train")
            .Concat(all.Where(p => p.HeldOut).Draw(hparams.HeldOutPrompts, inputs.Seed, "held-out")).ToList();
        var wanted = mix.Of(prompts, Available(inputs, mix, context));

        var sampled = await SampleAsync(inputs, hparams, mix, wanted, context, cancellationToken);
        var scores = await ScoresAsync(inputs, wanted, sampled, context, cancellationToken);
        var firsts = wanted.Index().Where(w => w.Item.Sample == 0).GroupBy(w => w.Item.Prompt.HeldOut).ToDictionary(g => g.Key, g => g.Select(w => sampled[w.Index][0]).ToList());
        var completions = wanted.Select((w, i) => mix.Make(w, sampled[i], scores.GetValueOrDefault(i, []), firsts[w.Prompt.HeldOut])).ToList();
        return Completed(new(await context.Artifacts.PutAsync(
            "completions", new Dictionary<string, byte[]> { ["completions.jsonl"] = JsonLines.Serialize(completions) }, cancellationToken)));
    }

    /// <summary>Sources that need an artifact have it; one that is asked for and has not is said.</summary>
    static Predicate<Origin> Available(SampleCompletions.Inputs inputs, SourceMix mix, StepContext context)
    {
        (Origin Origin, ArtifactRef? Needs, string Asks)[] needs =
        [
            (Origin.Sft, inputs.Sft, "'sftShare' asks for a supervised policy"), (Origin.Early, inputs.Early, "'earlyShare' asks for a policy of an earlier training"),
            (Origin.BestOf, inputs.RewardModel, "'bestOfShare' asks for a reward model"), (Origin.Adversarial, inputs.RewardModel, "'adversarialShare' asks for a reward model"),
        ];
        foreach (var (_, _, asks) in needs.Where(n => n.Needs is null && mix.Asks(n.Origin)))
            context.Notice($"{asks}, and there is none yet, so the policy writes those completions.");
        return origin => needs.All(n => n.Origin != origin || n.Needs is not null);
    }

    /// <summary>By wanted completion what was sampled for it; one policy in memory at a time.</summary>
    static async Task<IReadOnlyList<IReadOnlyList<Completion>>> SampleAsync(
        SampleCompletions.Inputs inputs, SampleCompletions.HParams hparams, SourceMix mix, List<Wanted> wanted, StepContext context, CancellationToken cancellationToken)
    {
        var settings = new SamplingSettings(
            hparams.Temperature, hparams.TopK, hparams.TopP, hparams.MaxNewTokens, hparams.Slots, WithLogprobs: wanted.Any(w => w.Origin == Origin.Adversarial));
        var sampler = new CompletionSampler(context, settings, Seeds.Derive(inputs.Seed, "completions"));
        var parts = wanted.Index().GroupBy(w => w.Item.Origin switch { Origin.Sft => inputs.Sft!, Origin.Early => inputs.Early!, _ => inputs.Policy })
            .Select(g => (Source: g.Key, Requests: g.SelectMany(w => mix.Requests(w.Item).Select(r => (w.Index, Request: r))).ToList())).Where(p => p.Requests.Count > 0).ToList();
        var done = await CompletionSampler.ResumeAsync(context, cancellationToken);
        var (offset, total) = (0, parts.Sum(p => p.Requests.Count));
        foreach (var (source, requests) in parts)
        {
            if (done.Count < offset + requests.Count)
            {
                using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
                await sampler.RunAsync(policy, source, [.. requests.Select(r => r.Request)], done, offset, total, cancellationToken);
            }
            offset += requests.Count;
        }
        var sampled = wanted.Select(_ => new List<Completion>()).ToArray();
        foreach (var (index, completion) in parts.SelectMany(p => p.Requests).Select(r => r.Index).Zip(done)) sampled[index].Add(completion);
        return sampled;
    }

    /// <summary>By the number of the wanted completion the scores of what it is taken from, the mean over an ensemble's members.</summary>
    static async Task<Dictionary<int, IReadOnlyList<double>>> ScoresAsync(
        SampleCompletions.Inputs inputs, List<Wanted> wanted, IReadOnlyList<IReadOnlyList<Completion>> sampled, StepContext context, CancellationToken cancellationToken)
    {
        var chosen = wanted.Index().Where(w => w.Item.Origin is Origin.BestOf or Origin.Adversarial).ToList();
        if (chosen.Count == 0) return [];
        var members = await context.Artifacts.LoadRewardModelsAsync(inputs.RewardModel!, cancellationToken);
        try
        {
            var scores = members.Select(m => m.Score(
                [.. chosen.SelectMany(w => sampled[w.Index].Select(c => m.Encode(w.Item.Prompt.Turns.Chat(), c.Text)))], ScoredAtOnce, cancellationToken)).ToList();
            var next = 0;
            double MeanAt(int text) => scores.Average(s => (double)s[text]);
            return chosen.ToDictionary(w => w.Index, w => (IReadOnlyList<double>)[.. sampled[w.Index].Select(_ => MeanAt(next++))]);
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }
}
