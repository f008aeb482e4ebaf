using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class DecideGateStep : Step<DecideGate.Inputs, DecideGate.HParams, DecideGate.Outputs>
{
    public override StepDescription Description => DecideGate.Description;

    protected override async Task<StepResult> RunAsync(
        DecideGate.Inputs inputs, DecideGate.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var items = inputs.Evidence is null ? [] : await context.Artifacts.ReadLinesAsync<EvidenceItem>(inputs.Evidence, "evidence.jsonl", cancellationToken);
        var pass = items.Count == 0 ? 1 : items.Max(e => e.Pass) + 1;
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        items.AddRange((await context.Artifacts.ReadCollectedAsync(inputs.Judgements, comparisons, cancellationToken)).Select(c => new EvidenceItem(pass, c.Comparison, c.Judgements) { Missing = c.Missing }));

        var evidence = await context.Artifacts.PutAsync("evidence", new Dictionary<string, byte[]>
        {
            ["evidence.jsonl"] = JsonLines.Serialize(items),
            ["models.json"] = CanonicalJson.Serialize(new EvidenceModels(inputs.Champion, inputs.Challenger)),
        }, cancellationToken);
        var decision = Decide(items, pass, hparams, new(inputs.Champion, inputs.Challenger), evidence);
        var artifact = await context.Artifacts.PutAsync(
            "decision", new Dictionary<string, byte[]> { ["decision.json"] = CanonicalJson.Serialize(decision) }, cancellationToken);
        return Completed(new(evidence, artifact), decision.Outcome);
    }

    internal static GateDecision Decide(
        IReadOnlyList<EvidenceItem> items, int pass, DecideGate.HParams hparams, EvidenceModels models, ArtifactRef evidence)
    {
        // The challenger's completion is sample 1; decisive judgements count in the order of asking, up to the number the gate names.
        var votes = items.SelectMany(e => Judgement.Deciding(e.Judgements).Select(j => (j.Side, ChallengerIsA: e.Comparison.A.Sample == 1, j.Simulated))).ToList();
        var decisive = votes.Where(v => v.Side != Side.Tie).Take(hparams.DecisiveJudgements).ToList();
        var wins = decisive.Count(v => v.Side == Side.A == v.ChallengerIsA);
        var interval = decisive.Count > 0 ? WilsonInterval.Of(wins, decisive.Count, hparams.Confidence) : null;

        var enough = decisive.Count >= hparams.DecisiveJudgements;
        var preferred = interval?.Lower > hparams.TargetWinRate;
        var judgeShare = JudgedBy.JudgeShare(items.SelectMany(e => e.Judgements));
        var judges = JudgedBy.Mark(simulated: false, judgeShare);
        var missing = items.Sum(e => e.Missing);
        CriterionResult[] criteria =
        [
            new("decisive judgements", decisive.Count, hparams.DecisiveJudgements, enough,
                $"{decisive.Count} decisive judgements after {pass} passes, {hparams.DecisiveJudgements} asked for{(missing > 0 ? $"; {missing} judgements never came" : "")}{judges}"),
            new("win rate, lower bound", interval?.Lower, hparams.TargetWinRate, preferred, interval is null
                ? $"not evaluable: no judgement was decisive{judges}"
                : $"lower bound {interval.Lower:0.0000} of the {hparams.Confidence:P0} Wilson interval is {(preferred ? "above" : "not above")} {hparams.TargetWinRate:0.00##}{judges}"),
        ];
        var outcome = enough ? preferred ? "Promote" : "Reject" : pass >= hparams.MaxPasses ? "Reject" : "NeedMoreJudgements";
        return new(
            outcome, models.Champion, models.Challenger, evidence, wins, decisive.Count - wins, votes.Count(v => v.Side == Side.Tie),
            decisive.Count > 0 ? (double)wins / decisive.Count : null, interval?.Lower, interval?.Upper, hparams.Confidence, votes.Any(v => v.Simulated), criteria)
        { JudgeShare = judgeShare, Missing = missing };
    }
}
