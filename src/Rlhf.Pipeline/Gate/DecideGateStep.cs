using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class DecideGateStep : Step<DecideGate.Inputs, NoHParams, DecideGate.Outputs>
{
    public override StepDescription Description => DecideGate.Description;

    protected override async Task<StepResult> RunAsync(DecideGate.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var artifacts = context.Artifacts;
        var subject = await artifacts.ReadSubjectAsync(inputs.Comparisons, cancellationToken);
        if ((subject.Champion, subject.Challenger) != (inputs.Champion, inputs.Challenger))
            throw new InvalidDataException(
                $"{inputs.Comparisons.Short} compares {subject.Champion.Short} with {subject.Challenger.Short}; expected {inputs.Champion.Short} and {inputs.Challenger.Short}.");
        var before = inputs.Evidence is null ? null : await artifacts.ReadSubjectAsync(inputs.Evidence, cancellationToken);
        if (before is not null && (before.Champion, before.Challenger) != (inputs.Champion, inputs.Challenger))
            throw new InvalidDataException($"{inputs.Evidence!.Short} is about {before.Champion.Short} and {before.Challenger.Short}; expected {inputs.Champion.Short} and {inputs.Challenger.Short}.");
        // Criteria count from the first judgement to the last, or what was collected before a change is exploratory.
        var isExploratory = subject.Criteria != inputs.Criteria || before is not null && (before.IsExploratory || before.Criteria != inputs.Criteria);

        var items = await artifacts.ReadEvidenceAsync(inputs.Evidence, cancellationToken);
        var pass = items.Count == 0 ? 1 : items.Max(e => e.Pass) + 1;
        var comparisons = await artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        items.AddRange((await artifacts.ReadCollectedAsync(inputs.Judgements, comparisons, cancellationToken)).Select(c => new EvidenceItem(pass, c.Comparison, c.Judgements) { Missing = c.Missing }));
        var evidence = await artifacts.PutAsync(GateArtifacts.Evidence, new Dictionary<string, byte[]>
        {
            [EvidenceItem.File] = JsonLines.Serialize(items),
            [EvaluationSubject.File] = CanonicalJson.Serialize(subject with { IsExploratory = isExploratory }),
        }, cancellationToken);

        var criteria = await artifacts.ReadCriteriaAsync(inputs.Criteria, cancellationToken);
        var around = await artifacts.SurroundingsAsync(inputs.Measures, inputs.ReportCard, subject.PromptsLeft, isExploratory, cancellationToken);
        var verdict = GateVerdicts.Of(criteria, GateEvidence.Of(items, criteria.Axis), around);
        var decision = new GateDecision(inputs.Champion, inputs.Challenger, evidence, inputs.Criteria, isExploratory, verdict) { Measures = inputs.Measures, ReportCard = inputs.ReportCard };
        var artifact = await artifacts.PutAsync(GateArtifacts.Decision, new Dictionary<string, byte[]>
        {
            [GateDecision.File] = CanonicalJson.Serialize(decision),
            [GateCriteria.File] = criteria.ToBytes(),
            ["regressions.jsonl"] = JsonLines.Serialize(Regressions(items, criteria.Axis)),
        }, cancellationToken);
        return Completed(new(evidence, artifact), verdict.Outcome);
    }

    /// <summary>Prompts on which the champion was better, the worst first.</summary>
    internal static List<Regression> Regressions(IReadOnlyList<EvidenceItem> items, string axis)
    {
        var rates = GateEvidence.Of(items, axis).Votes.GroupBy(v => v.Comparison).ToDictionary(g => g.Key, g => (Rate: g.Average(v => v.Rate), Count: g.Count()));
        return [.. items.Where(i => rates.TryGetValue(i.Comparison.Id, out var rate) && rate.Rate < 0.5)
            .Select(i => (Item: i.Comparison, ChallengerIsA: i.Comparison.A.Sample == 1, rates[i.Comparison.Id].Rate, rates[i.Comparison.Id].Count))
            .OrderBy(i => i.Rate).ThenByDescending(i => i.Count)
            .Select(i => new Regression(
                i.Item.PromptId, i.Item.Prompt, i.ChallengerIsA ? i.Item.B.Text : i.Item.A.Text, i.ChallengerIsA ? i.Item.A.Text : i.Item.B.Text, i.Rate, i.Count, i.Item.Cluster))];
    }
}
