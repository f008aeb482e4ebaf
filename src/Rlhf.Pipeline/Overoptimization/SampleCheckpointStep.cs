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
        var (written, numbers) = await MeasuringRun.ResumeAsync(context, cancellationToken);
        await SampleAsync(inputs, hparams, prompts, purpose, written, context, cancellationToken);                          // 1. what both policies write
        var members = await context.Artifacts.LoadRewardModelsAsync(inputs.RewardModel, cancellationToken);
        try
        {
            var run = new MeasuringRun(context, hparams.BatchSize, (inputs.Champion == inputs.Reference ? 3 : 4) * prompts.Count + members.Count * written.Count, written, numbers);
            var likely = await LikelihoodsAsync(inputs, hparams, prompts, written, run, context.Artifacts, cancellationToken); // 2. how likely by whom
            var texts = written.Select((c, i) => members[0].Encode(prompts[i % prompts.Count].Turns.Chat(), c.Text)).ToList();
            var scores = new List<double[]>();                                                                               // 3. scores
            foreach (var member in members)
                scores.Add(await run.NumbersAsync([.. texts.Select(t => t.Tokens.Length)], rows => Scores(member, [.. rows.Select(r => texts[r])], inputs, cancellationToken), "scores", cancellationToken));
            var distance = members.Average(m => HiddenStates.Distance(                                                       // 4. how far the reward model is from home
                m.States(texts[..prompts.Count], hparams.BatchSize, cancellationToken), m.States(texts[prompts.Count..], hparams.BatchSize, cancellationToken)));

            var samples = written.Select((c, i) => new CheckpointSample(
                prompts[i % prompts.Count], c, i < prompts.Count, [.. scores.Select(s => Rounded(s[i]))], Rounded(likely.ByReference[i]))).ToList();
            var checkpoint = new SampledCheckpoint(
                inputs.Policy, inputs.Champion, inputs.Reference, inputs.RewardModel, Rounded(Kl(likely.Own, likely.ByChampion)), Rounded(Kl(likely.Own, likely.ByReference[prompts.Count..])),
                [.. members.Select(m => (double)m.Normalization.Gain)], Math.Round(distance, 3));
            return Completed(new(
                await context.Artifacts.PutSamplesAsync(checkpoint, samples, cancellationToken),
                await context.Artifacts.PutComparisonsAsync(Comparisons(inputs, hparams, prompts, written), cancellationToken)));
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    /// <summary>Completions of the champion, then of the checkpoint, behind those of an earlier attempt.</summary>
    static async Task SampleAsync(
        SampleCheckpoint.Inputs inputs, SampleCheckpoint.HParams hparams, List<Prompt> prompts, string purpose, List<Completion> written, StepContext context, CancellationToken cancellationToken)
    {
        var sampler = new CompletionSampler(context, new(hparams.Temperature, TopK: 0, TopP: 1, hparams.MaxNewTokens, hparams.Slots), Seeds.Derive(inputs.Seed, purpose));
        foreach (var (source, sample) in new[] { (inputs.Champion, 0), (inputs.Policy, 1) })
        {
            var offset = sample * prompts.Count;
            if (written.Count >= offset + prompts.Count) continue;
            using var policy = await context.Artifacts.LoadPolicyAsync(source, trainable: false, cancellationToken);
            await sampler.RunAsync(policy, source, [.. prompts.Select(p => new CompletionRequest(p, sample))], written, offset, 2 * prompts.Count, cancellationToken);
        }
    }

    /// <summary>Log-probabilities in nats: of the checkpoint's completions by itself and by the champion, of all by the reference.</summary>
    sealed record Likelihoods(double[] Own, double[] ByChampion, double[] ByReference);

    static async Task<Likelihoods> LikelihoodsAsync(
        SampleCheckpoint.Inputs inputs, SampleCheckpoint.HParams hparams, List<Prompt> prompts, List<Completion> written, MeasuringRun run, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        List<GivenText> texts;
        double[] byReference;
        using (var reference = await artifacts.LoadPolicyAsync(inputs.Reference, trainable: false, cancellationToken))
        {
            var encoding = new EvaluationTexts(reference);
            texts = [.. written.Until(cancellationToken).Select((c, i) => encoding.Encode(prompts[i % prompts.Count], c, i < prompts.Count ? "champion" : "checkpoint"))];
            byReference = await LogprobsAsync(reference, texts, "reference policy");
        }
        var byChampion = inputs.Champion == inputs.Reference ? byReference[prompts.Count..] : await ByAsync(inputs.Champion, "champion");
        return new(await ByAsync(inputs.Policy, "checkpoint"), byChampion, byReference);

        Task<double[]> LogprobsAsync(LoadedPolicy policy, List<GivenText> asked, string what) => run.NumbersAsync(
            [.. asked.Select(t => t.Tokens.Length)], rows => TextLikelihood.Logprobs(policy.Model, [.. rows.Select(r => asked[r])], policy.Tokenizer.PadId, hparams.Temperature), what, cancellationToken);

        async Task<double[]> ByAsync(ArtifactRef artifact, string what)
        {
            using var policy = await artifacts.LoadPolicyAsync(artifact, trainable: false, cancellationToken);
            return await LogprobsAsync(policy, texts[prompts.Count..], what);
        }
    }

    /// <summary>Of the sequences, estimated by the mean of the log-ratios (k1), in nats.</summary>
    static double Kl(double[] own, double[] other) => own.Zip(other, (a, b) => a - b).Average();

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
