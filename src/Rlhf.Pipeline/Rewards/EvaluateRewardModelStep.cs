using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rewards;

sealed class EvaluateRewardModelStep : Step<EvaluateRewardModel.Inputs, EvaluateRewardModel.HParams, EvaluateRewardModel.Outputs>
{
    public override StepDescription Description => EvaluateRewardModel.Description;

    protected override async Task<StepResult> RunAsync(
        EvaluateRewardModel.Inputs inputs, EvaluateRewardModel.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var pairs = await context.Artifacts.ReadPairsAsync(inputs.Preferences, cancellationToken);
        var report = await context.Artifacts.ReadJsonAsync<PreferenceReport>(inputs.Preferences, "report.json", cancellationToken);
        var loss = await context.Artifacts.ReadLanguageLossAsync(inputs.RewardModel, cancellationToken);
        var members = await context.Artifacts.LoadRewardModelsAsync(inputs.RewardModel, cancellationToken);
        try
        {
            var heldOut = pairs.Where(p => p is { HeldOut: true, IsTie: false }).ToList();
            var baseline = BagOfWords.Fit([.. pairs.Where(p => p is { HeldOut: false, IsTie: false }).Select(p => (p.Chosen, p.Rejected))]);
            var evaluated = Evaluate(members, hparams, baseline, heldOut, cancellationToken);
            var card = ReportCards.Of(evaluated, report, pairs.Count(p => p is { HeldOut: true, IsTie: true }), members.Count, loss);
            var artifact = await context.Artifacts.PutAsync("report-card", new Dictionary<string, byte[]>
            {
                [ReportCards.File] = CanonicalJson.Serialize(card),
                ["pairs.jsonl"] = JsonLines.Serialize(evaluated.Select(p => new ScoredPair(
                    p.Pair.ComparisonId, p.Pair.Prompt, p.Pair.Chosen, p.Pair.Rejected, p.Margin, p.BaselineMargin))),
            }, cancellationToken);
            return Completed(new(artifact, card.Accuracy));
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static List<EvaluatedPair> Evaluate(
        IReadOnlyList<RewardModel> members, EvaluateRewardModel.HParams hparams, BagOfWords baseline, List<PreferencePair> pairs, CancellationToken cancellationToken)
    {
        var texts = pairs.Until(cancellationToken).SelectMany(p => new[] { p.Chosen, p.Rejected }.Select(side => members[0].Encode(p.Prompt.Chat(), side))).ToList();
        var scores = members.Select(m => m.Score(texts, batchSize: 64, cancellationToken)).ToList();
        double Score(int text) => EnsembleScorer.Combine([.. scores.Select(s => (double)s[text])], RewardModelFiles.ToLearning(hparams.Ensemble), hparams.EnsembleCoefficient);
        // Each member's margin in its own log-odds: what it was trained to predict.
        double LogOdds(int pair) => members.Index().Average(m => (scores[m.Index][2 * pair] - scores[m.Index][2 * pair + 1]) / m.Item.Normalization.Gain);
        return [.. pairs.Select((p, i) => new EvaluatedPair(
            p, Score(2 * i), Score(2 * i + 1), LogOdds(i), baseline.Margin(p.Chosen, p.Rejected), texts[2 * i].Length, texts[2 * i + 1].Length))];
    }
}
