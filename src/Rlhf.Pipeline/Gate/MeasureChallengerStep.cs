using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Ppo;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Pipeline.Sampling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

/// <summary>One policy at a time is in memory, or the reward model; and one batch.</summary>
sealed class MeasureChallengerStep : Step<MeasureChallenger.Inputs, MeasureChallenger.HParams, MeasureChallenger.Outputs>
{
    // The same in every round: what the reference policy writes to a prompt stays what it is, and the losses of rounds compare.
    const long TextSeed = 1;

    // Figures are means of float32 sums, whose last digits are those of a batch's shape.
    const int Digits = 5;

    public override StepDescription Description => MeasureChallenger.Description;

    protected override async Task<StepResult> RunAsync(
        MeasureChallenger.Inputs inputs, MeasureChallenger.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Measures is { } earlier) return Completed(new(await CheckedAsync(earlier, inputs, context.Artifacts, cancellationToken)));
        var answered = AnsweredPrompt.Of(await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken), inputs).Take(hparams.Prompts).ToList();
        if (answered.Count == 0)
            throw new InvalidDataException($"No comparison of {inputs.Comparisons.Short} is between {inputs.Champion.Short} and {inputs.Challenger.Short}; expected at least one.");
        var (measures, samples) = await MeasureAsync(inputs, hparams, answered, context, cancellationToken);
        return Completed(new(await context.Artifacts.PutAsync("measures", new Dictionary<string, byte[]>
        {
            [ChallengerMeasures.File] = CanonicalJson.Serialize(measures),
            [TokenSample.File] = JsonLines.Serialize(samples),
        }, cancellationToken)));
    }

    /// <summary>Measures of an earlier pass, which are about the same models.</summary>
    static async Task<ArtifactRef> CheckedAsync(ArtifactRef measures, MeasureChallenger.Inputs inputs, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var earlier = await artifacts.ReadJsonAsync<ChallengerMeasures>(measures, ChallengerMeasures.File, cancellationToken);
        foreach (var (name, measured, given) in new[]
                 {
                     ("champion", earlier.Champion, inputs.Champion), ("challenger", earlier.Challenger, inputs.Challenger),
                     ("reference policy", earlier.Reference, inputs.Reference), ("reward model", earlier.RewardModel, inputs.RewardModel),
                 })
            if (measured != given) throw new ArgumentException($"The {name} of {measures.Short} is {measured.Short}; expected {given.Short}.");
        return measures;
    }

    static async Task<(ChallengerMeasures Measures, IReadOnlyList<TokenSample> Samples)> MeasureAsync(
        MeasureChallenger.Inputs inputs, MeasureChallenger.HParams hparams, List<AnsweredPrompt> answered, StepContext context, CancellationToken cancellationToken)
    {
        var (written, numbers) = await MeasuringRun.ResumeAsync(context, cancellationToken);
        EvaluationTexts texts;
        List<GivenText> champions, challengers, read;
        MeasuringRun run;
        TokenDifferences tokens;
        double[] championsByReference, challengersByReference, readByReference;
        using (var reference = await context.Artifacts.LoadPolicyAsync(inputs.Reference, trainable: false, cancellationToken))
        {
            texts = new(reference);
            champions = [.. answered.Until(cancellationToken).Select(a => texts.Encode(a.Prompt, a.Champion, "champion"))];
            challengers = [.. answered.Until(cancellationToken).Select(a => texts.Encode(a.Prompt, a.Challenger, "challenger"))];
            read = await HeldOutAsync(inputs, hparams, answered, texts, reference, written, context, cancellationToken);
            var others = new[] { inputs.Champion, inputs.Challenger }.Count(p => p != inputs.Reference);
            run = new(context, hparams.BatchSize, 4 * answered.Count + read.Count + others * (answered.Count + read.Count), written, numbers);
            tokens = new(answered, champions, challengers, texts.Tokenizer, hparams.Temperature);
            tokens.AddReference(reference);
            championsByReference = await LogprobsAsync(reference, champions, hparams.Temperature, "reference policy, champion's completions");
            challengersByReference = await LogprobsAsync(reference, challengers, hparams.Temperature, "reference policy, challenger's completions");
            readByReference = await LogprobsAsync(reference, read, 1, "reference policy, held-out text");
        }
        var ofChampion = inputs.Champion == inputs.Reference
            ? new(championsByReference, readByReference) : await ByAsync(inputs.Champion, champions, "champion", tokens.AddChampion);
        var ofChallenger = inputs.Challenger == inputs.Reference
            ? new(challengersByReference, readByReference) : await ByAsync(inputs.Challenger, challengers, "challenger", tokens.AddChallenger);
        var scores = await ScoresAsync(inputs.RewardModel, answered, run, hparams.BatchSize, context.Artifacts, cancellationToken);

        var predicted = read.Sum(t => t.Counted);
        return (new(
            inputs.Champion, inputs.Challenger, inputs.Reference, inputs.RewardModel, answered.Count, hparams.Temperature,
            Figures([.. answered.Select(a => a.Champion)], champions, scores[..answered.Count], ofChampion, championsByReference, predicted),
            Figures([.. answered.Select(a => a.Challenger)], challengers, scores[answered.Count..], ofChallenger, challengersByReference, predicted),
            Rounded(-readByReference.Sum() / predicted), new(inputs.Texts, read.Count, predicted)), tokens.Samples());

        Task<double[]> LogprobsAsync(LoadedPolicy policy, List<GivenText> asked, double temperature, string what) => run.NumbersAsync(
            [.. asked.Select(t => t.Tokens.Length)], rows => TextLikelihood.Logprobs(policy.Model, [.. rows.Select(r => asked[r])], policy.Tokenizer.PadId, temperature), what, cancellationToken);

        async Task<Likelihoods> ByAsync(ArtifactRef artifact, List<GivenText> own, string name, Action<LoadedPolicy> keep)
        {
            using var policy = await context.Artifacts.LoadPolicyAsync(artifact, trainable: false, cancellationToken);
            if (!RewardModelFiles.SameTokens(policy.Tokenizer, texts.Tokenizer))
                throw new InvalidDataException($"The {name}'s tokenizer ({policy.Tokenizer.VocabularySize} tokens) is another than the reference policy's ({texts.Tokenizer.VocabularySize} tokens); expected the same.");
            keep(policy);
            return new(await LogprobsAsync(policy, own, hparams.Temperature, $"{name}, own completions"), await LogprobsAsync(policy, read, 1, $"{name}, held-out text"));
        }
    }

    /// <summary>Log-probabilities of a policy's own completions and of the held-out text, in nats.</summary>
    sealed record Likelihoods(double[] Own, double[] HeldOut);

    /// <summary>The given texts; else what the reference policy writes to the evaluation's prompts, which no training has seen.</summary>
    static async Task<List<GivenText>> HeldOutAsync(
        MeasureChallenger.Inputs inputs, MeasureChallenger.HParams hparams, List<AnsweredPrompt> answered, EvaluationTexts texts, LoadedPolicy reference,
        List<Completion> written, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Texts is { } given)
            return [.. (await PretrainingTexts.TokensAsync(given, reference.Tokenizer, reference.Model.Config.ContextLength, context.Artifacts, cancellationToken))
                .Take(hparams.Prompts).Select((tokens, i) => new GivenText($"text {i + 1} of {given.Short}", tokens, 1))];
        if (written.Count < answered.Count)
        {
            var longest = answered.Max(a => Math.Max(a.Champion.Tokens, a.Challenger.Tokens));
            var sampler = new CompletionSampler(context, new(Temperature: 1, TopK: 0, TopP: 1, longest, Slots: hparams.BatchSize), TextSeed);
            await sampler.RunAsync(reference, inputs.Reference, [.. answered.Select(a => new CompletionRequest(a.Prompt, 0))], written, 0, answered.Count, cancellationToken);
        }
        return [.. answered.Until(cancellationToken).Select((a, i) => texts.Encode(a.Prompt, written[i], "reference policy") with { Given = 1 })];
    }

    /// <summary>Of the champion's completions, then of the challenger's.</summary>
    static async Task<double[]> ScoresAsync(
        ArtifactRef rewardModel, List<AnsweredPrompt> answered, MeasuringRun run, int batchSize, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var members = await artifacts.LoadRewardModelsAsync(rewardModel, cancellationToken);
        try
        {
            var texts = answered.Select(a => (a.Prompt, a.Champion)).Concat(answered.Select(a => (a.Prompt, Champion: a.Challenger)))
                .Until(cancellationToken).Select(t => members[0].Encode(t.Prompt.Turns.Chat(), t.Champion.Text)).ToList();
            return await run.NumbersAsync([.. texts.Select(t => t.Tokens.Length)], Scores, "reward model", cancellationToken);

            IReadOnlyList<double> Scores(int[] rows)
            {
                List<ScoredText> batch = [.. rows.Select(r => texts[r])];
                try
                {
                    var scores = members.Select(m => m.Score(batch, batchSize, cancellationToken)).ToList();
                    return [.. rows.Select((_, i) => scores.Average(s => (double)s[i]))];
                }
                catch (NonFiniteException e)
                {
                    var (row, of) = (rows[batch.FindIndex(t => ReferenceEquals(t.Tokens, e.Sequences[0]))], answered.Count);
                    throw new InvalidDataException(
                        $"The score of the {(row < of ? "champion" : "challenger")}'s completion of prompt {answered[row % of].Prompt.Id} by {rewardModel.Short} is {e.OffendingNumber}; expected a finite number.", e);
                }
            }
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static PolicyMeasures Figures(
        List<Completion> completions, List<GivenText> texts, double[] scores, Likelihoods likelihoods, double[] byReference, int tokens)
    {
        double[] kl = [.. likelihoods.Own.Zip(byReference, (own, reference) => own - reference)];
        IReadOnlyList<IReadOnlyList<string>> words = [.. completions.Select(c => (IReadOnlyList<string>)[.. BagOfWords.Words(c.Text)])];
        return new(
            Rounded(scores.Average()), Rounded(kl.Average()), completions.Average(c => c.Text.Length), completions.Average(c => c.Tokens),
            Share(completions, c => c.Finished), TextDiversity.Distinct(words, 1), TextDiversity.Distinct(words, 2), TextDiversity.SelfBleu(words),
            Share(completions, c => Refusals.Is(c.Text)), Rounded(-likelihoods.HeldOut.Sum() / tokens))
        {
            KlStandardError = kl.Length < 2 ? null : Rounded(Math.Sqrt(kl.Sum(k => (k - kl.Average()) * (k - kl.Average())) / (kl.Length - 1) / kl.Length)),
            Reencoded = (double)completions.Zip(texts).Count(c => c.First.Tokens != c.Second.Counted) / completions.Count,
        };
    }

    static double Share(List<Completion> completions, Predicate<Completion> which) => (double)completions.Count(c => which(c)) / completions.Count;

    static double Rounded(double value) => Math.Round(value, Digits);
}
