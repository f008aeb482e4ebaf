using System.Globalization;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>The policy is in memory, and then the reward model; and one batch.</summary>
sealed class SampleBestOfNStep : Step<SampleBestOfN.Inputs, SampleBestOfN.HParams, SampleBestOfN.Outputs>
{
    const string Purpose = "best of n";

    // Scores are float32, whose last digits are those of a batch's shape.
    const int Digits = 5;

    public override StepDescription Description => SampleBestOfN.Description;

    protected override async Task<StepResult> RunAsync(
        SampleBestOfN.Inputs inputs, SampleBestOfN.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).Where(p => !p.HeldOut).Draw(hparams.Pools, inputs.Seed, Purpose);
        if (prompts.Count < 2) throw new InvalidDataException($"{inputs.Prompts.Short} has {prompts.Count} prompts that are not held out; expected two at least.");
        var each = hparams.PoolSize + 1;
        var (written, numbers) = await MeasuringRun.ResumeAsync(context, cancellationToken);
        if (written.Count < prompts.Count * each)
        {
            using var policy = await context.Artifacts.LoadPolicyAsync(inputs.Policy, trainable: false, cancellationToken);
            var settings = new SamplingSettings(hparams.Temperature, TopK: 0, TopP: 1, hparams.MaxNewTokens, hparams.Slots);
            List<CompletionRequest> requests = [.. prompts.SelectMany(p => Enumerable.Range(0, each).Select(s => new CompletionRequest(p, s)))];
            await new CompletionSampler(context, settings, Seeds.Derive(inputs.Seed, Purpose)).RunAsync(policy, inputs.Policy, requests, written, 0, 2 * requests.Count, cancellationToken);
        }
        var scores = await ScoresAsync(inputs, hparams, context, prompts, written, numbers, cancellationToken);
        List<PooledSample> samples = [.. written.Select((c, i) => new PooledSample(prompts[i / each].Id, c, Math.Round(scores[i], Digits)))];
        var (comparisons, asked) = Ask(inputs, hparams, prompts, samples);
        return Completed(new(
            await context.Artifacts.PutPoolsAsync(new(inputs.Policy, inputs.RewardModel, hparams.PoolSize, hparams.Sizes()), samples, asked, cancellationToken),
            await context.Artifacts.PutComparisonsAsync(comparisons, cancellationToken)));
    }

    /// <summary>Mean score by the members, of each completion.</summary>
    static async Task<double[]> ScoresAsync(
        SampleBestOfN.Inputs inputs, SampleBestOfN.HParams hparams, StepContext context, List<Prompt> prompts, List<Completion> written, List<double> numbers,
        CancellationToken cancellationToken)
    {
        var members = await context.Artifacts.LoadRewardModelsAsync(inputs.RewardModel, cancellationToken);
        try
        {
            var each = hparams.PoolSize + 1;
            var run = new MeasuringRun(context, hparams.BatchSize, members.Count * written.Count, written, numbers);
            var texts = written.Until(cancellationToken).Select((c, i) => members[0].Encode(prompts[i / each].Turns.Chat(), c.Text)).ToList();
            var sum = new double[written.Count];
            foreach (var member in members)
            {
                var found = await run.NumbersAsync([.. texts.Select(t => t.Tokens.Length)], rows => Scores(member, [.. rows.Select(r => texts[r])], cancellationToken), "scores", cancellationToken);
                for (var i = 0; i < sum.Length; i++) sum[i] += found[i] / members.Count;
            }
            return sum;
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static IReadOnlyList<double> Scores(RewardModel member, IReadOnlyList<ScoredText> texts, CancellationToken cancellationToken) =>
        [.. member.Score(texts, texts.Count, cancellationToken).Select(s => (double)s)];

    /// <summary>
    /// One comparison of a prompt, so that all are independent: the best by score of n completions drawn from its pool, against the one beside the pool. Prompts
    /// take turns with n, and those where both say the same ask nothing.
    /// </summary>
    static (List<Comparison> Comparisons, List<AskedBest> Asked) Ask(SampleBestOfN.Inputs inputs, SampleBestOfN.HParams hparams, List<Prompt> prompts, List<PooledSample> samples)
    {
        var (comparisons, asked, sizes, each) = (new List<Comparison>(), new List<AskedBest>(), hparams.Sizes(), hparams.PoolSize + 1);
        foreach (var (index, prompt) in prompts.Index())
        {
            if (comparisons.Count == hparams.Judged) break;
            var (pool, beside) = (samples[(index * each)..(index * each + hparams.PoolSize)], samples[index * each + hparams.PoolSize]);
            var n = sizes[index % sizes.Count];
            var best = Enumerable.Range(0, pool.Count).OrderBy(s => Seeds.Uniform(inputs.Seed, "subset", prompt.Id, s.ToString(CultureInfo.InvariantCulture))).Take(n)
                .MaxBy(s => pool[s].Score);
            if (pool[best].Completion.Text == beside.Completion.Text) continue;
            comparisons.Add(ComparisonSets.Create(
                prompt, pool[best].Completion, beside.Completion, inputs.Axis ?? JudgementLine.DefaultAxis, "bestOfN", Seeds.Derive(inputs.Seed, "sides")));
            asked.Add(new(comparisons[^1].Id, prompt.Id, n, best));
        }
        return (comparisons, asked);
    }
}
