using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>One policy at a time is in memory, or the reward model; and one batch.</summary>
sealed class SampleCheckpointStep : Step<SampleCheckpoint.Inputs, SampleCheckpoint.HParams, SampleCheckpoint.Outputs>
{
    // Means of float32 sums, whose last digits are those of a batch's shape.
    const int Digits = 5;

    public override StepDescription Description => SampleCheckpoint.Description;

    protected override async Task<StepResult> RunAsync(
        SampleCheckpoint.Inputs inputs, SampleCheckpoint.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Policy == inputs.Champion) throw new ArgumentException($"'policy' and 'champion' are both {inputs.Policy.Short}; expected a checkpoint of a training that started from the other.");
        // By the checkpoint, so that the points of one training are independent of each other.
        var purpose = $"checkpoint {inputs.Policy}";
        var prompts = (await context.Artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).Where(p => !p.HeldOut).Draw(hparams.Samples, inputs.Seed, purpose);
        if (prompts.Count < 2) throw new InvalidDataException($"{inputs.Prompts.Short} has {prompts.Count} prompts that are not held out; expected two at least.");
        var settings = new SamplingSettings(hparams.Temperature, TopK: 0, TopP: 1, hparams.MaxNewTokens, hparams.Slots);
        var sampler = new CompletionSampler(context, settings, Seeds.Derive(inputs.Seed, purpose));

        var (written, numbers) = await MeasuringRun.ResumeAsync(context, cancellationToken);
        var run = (MeasuringRun?)null;
        var texts = new List<GivenText>();
        var (byStart, own, byReference) = (Array.Empty<double>(), Array.Empty<double>(), Array.Empty<double>());
        foreach (var (source, sample) in new[] { (inputs.Champion, 0), (inputs.Policy, 1) })
        {
            using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
            var offset = sample * prompts.Count;
            if (written.Count < offset + prompts.Count)
                await sampler.RunAsync(policy, source, [.. prompts.Select(p => new CompletionRequest(p, sample))], written, offset, 2 * prompts.Count, cancellationToken);
        }
        var members = await context.Artifacts.LoadRewardModelsAsync(inputs.RewardModel, cancellationToken);
        try
        {
            foreach (var source in new[] { inputs.Reference, inputs.Champion, inputs.Policy }.Distinct())
            {
                using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
                if (run is null)
                {
                    var encoding = new EvaluationTexts(policy);
                    texts.AddRange(written.Until(cancellationToken).Select((c, i) => encoding.Encode(prompts[i % prompts.Count], c, i < prompts.Count ? "starting policy" : "checkpoint")));
                    run = new(context, hparams.BatchSize, (inputs.Champion == inputs.Reference ? 3 : 4) * prompts.Count + members.Count * written.Count, written, numbers);
                }
                // Of the reference both policies' texts, which are also what the starting policy says of its own where they are the same.
                var asked = source == inputs.Reference ? texts : texts[prompts.Count..];
                var found = await run.NumbersAsync(
                    [.. asked.Select(t => t.Tokens.Length)], rows => TextLikelihood.Logprobs(policy.Model, [.. rows.Select(r => asked[r])], policy.Tokenizer.PadId, hparams.Temperature),
                    "log-probabilities", cancellationToken);
                if (source == inputs.Reference) byReference = found;
                if (source == inputs.Champion) byStart = found[^prompts.Count..];
                if (source == inputs.Policy) own = found[^prompts.Count..];
            }
            var scored = written.Select((c, i) => members[0].Encode(prompts[i % prompts.Count].Turns.Chat(), c.Text)).ToList();
            var scores = new List<double[]>();
            foreach (var member in members)
                scores.Add(await run!.NumbersAsync([.. scored.Select(t => t.Tokens.Length)], rows => Scores(member, [.. rows.Select(r => scored[r])], inputs, cancellationToken), "scores", cancellationToken));
            var samples = written.Select((c, i) => new CheckpointSample(
                prompts[i % prompts.Count], c, i < prompts.Count, [.. scores.Select(s => Rounded(s[i]))], Rounded(byReference[i]))).ToList();
            var distance = members.Average(m => HiddenStates.Distance(
                m.States(scored[..prompts.Count], hparams.BatchSize, cancellationToken), m.States(scored[prompts.Count..], hparams.BatchSize, cancellationToken)));
            var checkpoint = new SampledCheckpoint(
                inputs.Policy, inputs.Champion, inputs.Reference, inputs.RewardModel, Rounded(own.Zip(byStart, (a, b) => a - b).Average()),
                Rounded(own.Zip(byReference[prompts.Count..], (a, b) => a - b).Average()), [.. members.Select(m => (double)m.Normalization.Gain)], Math.Round(distance, 3));
            return Completed(new(
                await context.Artifacts.PutSamplesAsync(checkpoint, samples, cancellationToken),
                await context.Artifacts.PutComparisonsAsync(Comparisons(inputs, hparams, prompts, written), cancellationToken)));
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static IReadOnlyList<double> Scores(RewardModel member, IReadOnlyList<ScoredText> texts, SampleCheckpoint.Inputs inputs, CancellationToken cancellationToken)
    {
        try
        {
            return [.. member.Score(texts, texts.Count, cancellationToken).Select(s => (double)s)];
        }
        catch (Learning.Optimization.NonFiniteException e)
        {
            throw new InvalidDataException($"A score by {inputs.RewardModel.Short} is {e.OffendingNumber}; expected a finite number.", e);
        }
    }

    /// <summary>The first of the prompts whose completions differ.</summary>
    static List<Comparison> Comparisons(SampleCheckpoint.Inputs inputs, SampleCheckpoint.HParams hparams, List<Prompt> prompts, List<Completion> written) =>
        [.. prompts.Index().Where(p => written[p.Index].Text != written[prompts.Count + p.Index].Text).Take(hparams.Judged).Select(p => ComparisonSets.Create(
            p.Item, written[p.Index], written[prompts.Count + p.Index], inputs.Axis ?? JudgementLine.DefaultAxis, "checkpoint", Seeds.Derive(inputs.Seed, "sides")))];

    static double Rounded(double value) => Math.Round(value, Digits);
}
