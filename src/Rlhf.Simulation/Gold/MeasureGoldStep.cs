using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Simulation.Gold;

/// <summary>Scores champion, challenger, reward model and labelers by the hidden gold preference; see <see cref="MeasureGold"/>.</summary>
public sealed class MeasureGoldStep : Step<MeasureGold.Inputs, NoHParams, MeasureGold.Outputs>
{
    public override StepDescription Description => MeasureGold.Description;

    protected override async Task<StepResult> RunAsync(
        MeasureGold.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var models = await context.Artifacts.ReadJsonAsync<EvaluationSubject>(inputs.Evidence, EvaluationSubject.File, cancellationToken);
        var evidence = (await context.Artifacts.ReadLinesAsync<EvidenceItem>(inputs.Evidence, EvidenceItem.File, cancellationToken)).Where(e => e.Decides).ToList();
        var pairs = await context.Artifacts.ReadLinesAsync<ScoredPair>(inputs.ReportCard, "pairs.jsonl", cancellationToken);
        var report = Measure(evidence, models, pairs, inputs, cancellationToken);
        return Completed(new(await context.Artifacts.PutAsync(
            "gold", new Dictionary<string, byte[]> { ["gold.json"] = CanonicalJson.Serialize(report) }, cancellationToken)));
    }

    internal static GoldReport Measure(
        IReadOnlyList<EvidenceItem> evidence, EvaluationSubject models, IReadOnlyList<ScoredPair> pairs, MeasureGold.Inputs inputs,
        CancellationToken cancellationToken)
    {
        if (evidence.Count == 0) throw new InvalidDataException($"{inputs.Evidence.Short} has no comparison; expected at least one to measure.");
        var scored = evidence.Until(cancellationToken).Select(e => new ScoredItem(
            e, ChampionIsA(e.Comparison, models), GoldPreference.Score(e.Comparison.Prompt, e.Comparison.A.Text),
            GoldPreference.Score(e.Comparison.Prompt, e.Comparison.B.Text))).ToList();
        var champion = scored.Average(s => s.ChampionIsA ? s.A : s.B);
        var challenger = scored.Average(s => s.ChampionIsA ? s.B : s.A);
        var deviation = Math.Sqrt(scored.Average(s => Math.Pow((s.ChampionIsA ? s.A : s.B) - champion, 2)));

        var differing = pairs.Until(cancellationToken)
            .Select(p => (Pair: p, Gold: GoldPreference.Score(p.Prompt, p.Chosen) - GoldPreference.Score(p.Prompt, p.Rejected)))
            .Where(p => p.Gold != 0).ToList();
        var noPair = $"{inputs.ReportCard.Short} has no held-out pair whose gold differs";
        var decisive = scored.Where(s => s.A != s.B)
            .SelectMany(s => s.Item.Judgements.Where(j => j.Side != Side.Tie).Select(j => Right(j.Side == Side.A ? 1 : -1, s.A - s.B))).ToList();
        return new(
            champion, deviation, challenger, Gain(champion, challenger, deviation, inputs.Evidence),
            Mean([.. differing.Select(p => Right(p.Pair.Margin, p.Gold))], noPair),
            Mean([.. differing.Select(p => Right(p.Pair.BaselineMargin, p.Gold))], noPair), differing.Count,
            Mean(decisive, $"{inputs.Evidence.Short} has no decisive judgement of a comparison whose gold differs"), decisive.Count);
    }

    sealed record ScoredItem(EvidenceItem Item, bool ChampionIsA, double A, double B);

    // By the sample, as the gate does: in a test of a policy against itself both sides have the same source.
    static bool ChampionIsA(Comparison comparison, EvaluationSubject models)
    {
        var (champion, challenger) = comparison.A.Sample == 0 ? (comparison.A, comparison.B) : (comparison.B, comparison.A);
        if ((champion.Sample, challenger.Sample) != (0, 1))
            throw new InvalidDataException(
                $"Comparison {comparison.Id} is between samples {comparison.A.Sample} and {comparison.B.Sample}; "
                + "expected 0, the champion's, and 1, the challenger's.");
        if ((champion.Source, challenger.Source) != (models.Champion, models.Challenger))
            throw new InvalidDataException(
                $"Comparison {comparison.Id} is between {champion.Source.Short} and {challenger.Source.Short}; "
                + $"expected the champion {models.Champion.Short} and the challenger {models.Challenger.Short}.");
        return champion == comparison.A;
    }

    /// <summary>In deviations of the champion's gold.</summary>
    static double Gain(double champion, double challenger, double deviation, ArtifactRef evidence) =>
        challenger == champion ? 0
        : deviation > 0 ? (challenger - champion) / deviation
        : throw new InvalidDataException(
            $"All completions of the champion in {evidence.Short} have the same gold ({champion:0.####}); "
            + "expected some that differ, to measure the gain in deviations.");

    static double Right(double margin, double gold) => margin == 0 ? 0.5 : margin > 0 == gold > 0 ? 1 : 0;

    static double Mean(IReadOnlyList<double> values, string nothing) =>
        values.Count > 0 ? values.Average() : throw new InvalidDataException($"{nothing}; expected at least one.");
}
