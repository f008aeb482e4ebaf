using System.Globalization;
using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>A round's report for people: what was decided, from how much, how sure it is, who judged, and the hashes of all of it.</summary>
static class ModelCard
{
    public static string Of(ArtifactRef artifact, RoundReport report, RoundPlace? place)
    {
        var decision = report.Decision.Verdict;
        var card = new StringBuilder();
        card.Append($"# Challenger of round {report.Round}{(place is null ? "" : $", campaign {place.Campaign}")}\n\n");
        if (decision.Simulated) card.Append("**The judgements are simulated: nothing here says what people prefer.**\n\n");
        if (decision.JudgeShare is { } share)
            card.Append(share == 1
                ? "**The judgements are an AI judge's: nothing here says by itself what people prefer.**\n\n"
                : string.Create(CultureInfo.InvariantCulture, $"**Of the judgements {100 * share:0.#} % are an AI judge's.**\n\n"));
        card.Append($"Decision: **{decision.Outcome}**. {Sample(decision)}\n\n");
        card.Append("| Criterion | Holds | Why |\n|---|---|---|\n");
        foreach (var criterion in decision.Criteria) card.Append($"| {Cell(criterion.Name)} | {State(criterion)} | {Cell(criterion.Reason)} |\n");
        card.Append($"\n## Training\n\n| Figure | Value |\n|---|---|\n");
        card.Append($"| Reward model, accuracy on {report.RewardModel.Pairs} held-out pairs{JudgedBy.Mark(report.RewardModel.Simulated, report.RewardModel.JudgeShare)} | {report.RewardModel.Accuracy:0.0000} |\n");
        card.Append($"| Bag-of-words baseline, accuracy on the same pairs | {report.RewardModel.BaselineAccuracy:0.0000} |\n");
        card.Append($"| Mean score before and after PPO (proxy) | {report.ProxyBefore:0.0000}, {report.ProxyAfter:0.0000} |\n");
        card.Append($"| Sequence KL to the reference policy, nats | {report.SequenceKl:0.0000} |\n");
        if (report.Gold is { } gold)
        {
            card.Append($"| Gold mean of champion and challenger (simulated) | {gold.ChampionMean:0.0000}, {gold.ChallengerMean:0.0000} |\n");
            card.Append($"| Gain in deviations of the champion (simulated) | {gold.Gain:0.0000} |\n");
        }
        card.Append("\n## Artifacts\n\n| What | Reference |\n|---|---|\n");
        foreach (var (what, reference) in new[]
        {
            ("Challenger", report.Challenger), ("Champion", report.Champion), ("Reward model", report.RewardModelRef),
            ("Preferences", report.Preferences), ("Evidence", report.Evidence), ("Report", artifact),
        })
            card.Append($"| {what} | `{reference}` |\n");
        return card.ToString();
    }

    static string Sample(GateVerdict decision)
    {
        var decisive = decision.Wins + decision.Losses;
        var sample = $"{decision.Prompts} prompts, {decisive} decisive judgements ({decision.Wins} for the challenger, {decision.Losses} against), {decision.Ties} ties";
        return decision is { WinRate: { } rate, LowerBound: { } lower, UpperBound: { } upper }
            ? $"Win rate {rate:0.0000} from {sample}; {decision.Confidence * 100:0.##} % always-valid interval {lower:0.0000} to {upper:0.0000}."
            : $"No win rate: {sample}.";
    }

    static string State(CriterionResult criterion) => criterion.State switch { CriterionState.Holds => "yes", CriterionState.Fails => "no", _ => "not evaluable" };

    static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|");
}
