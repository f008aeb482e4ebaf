using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Preferences;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rewards;

sealed class EvaluateRewardModelStep : Step<EvaluateRewardModel.Inputs, NoHParams, EvaluateRewardModel.Outputs>
{
    public override StepDescription Description => EvaluateRewardModel.Description;

    protected override async Task<StepResult> RunAsync(
        EvaluateRewardModel.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var pairs = await context.Artifacts.ReadPairsAsync(inputs.Preferences, cancellationToken);
        var report = await context.Artifacts.ReadJsonAsync<PreferenceReport>(inputs.Preferences, "report.json", cancellationToken);
        using var rewardModel = await context.Artifacts.LoadRewardModelAsync(inputs.RewardModel, cancellationToken);
        var heldOut = pairs.Where(p => p.HeldOut).ToList();
        var baseline = BagOfWords.Fit([.. pairs.Where(p => !p.HeldOut).Select(p => (p.Chosen, p.Rejected))]);
        var scored = Score(rewardModel, baseline, heldOut, cancellationToken);

        var card = new RewardModelCard(
            heldOut.Count, Accuracy(scored.Select(p => p.Margin)), Accuracy(scored.Select(p => p.BaselineMargin)),
            Accuracy(scored.Select(p => (double)(p.Chosen.Length - p.Rejected.Length))), scored.Average(p => p.Margin),
            scored.Average(p => Math.Log(1 + Math.Exp(-p.Margin / rewardModel.Gain))), report.Simulated);
        var artifact = await context.Artifacts.PutAsync("report-card", new Dictionary<string, byte[]>
        {
            ["card.json"] = CanonicalJson.Serialize(card),
            ["pairs.jsonl"] = JsonLines.Serialize(scored),
        }, cancellationToken);
        return Completed(new(artifact, card.Accuracy));
    }

    static List<ScoredPair> Score(RewardModel rewardModel, BagOfWords baseline, List<PreferencePair> pairs, CancellationToken cancellationToken)
    {
        var texts = pairs.Until(cancellationToken).SelectMany(p => new[] { p.Chosen, p.Rejected }.Select(side => rewardModel.Encode(PromptText.Render(p.Prompt, p.PromptId) + side))).ToList();
        var scores = rewardModel.Score(texts, batchSize: 64, cancellationToken);
        return [.. pairs.Select((p, i) => new ScoredPair(
            p.ComparisonId, p.Prompt, p.Chosen, p.Rejected, scores[2 * i] - scores[2 * i + 1], baseline.Margin(p.Chosen, p.Rejected)))];
    }

    /// <summary>Share of positive margins; a margin of zero counts a half.</summary>
    internal static double Accuracy(IEnumerable<double> margins) => margins.Average(m => m > 0 ? 1.0 : m < 0 ? 0.0 : 0.5);
}
