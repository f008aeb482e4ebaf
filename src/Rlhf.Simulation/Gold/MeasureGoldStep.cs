using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
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
        var models = await context.Artifacts.ReadJsonAsync<Models>(inputs.Evidence, "models.json", cancellationToken);
        var evidence = await context.Artifacts.ReadLinesAsync<EvidenceItem>(inputs.Evidence, "evidence.jsonl", cancellationToken);
        var pairs = await context.Artifacts.ReadLinesAsync<ScoredPair>(inputs.ReportCard, "pairs.jsonl", cancellationToken);
        var report = Measure(evidence, models, pairs, inputs);
        return Completed(new(await context.Artifacts.PutAsync(
            "gold", new Dictionary<string, byte[]> { ["gold.json"] = CanonicalJson.Serialize(report) }, cancellationToken)));
    }

    static GoldReport Measure(
        IReadOnlyList<EvidenceItem> evidence, Models models, IReadOnlyList<ScoredPair> pairs, MeasureGold.Inputs inputs)
    {
        if (evidence.Count == 0) throw new InvalidDataException($"{inputs.Evidence.Short} has no comparison; expected at least one to measure.");
        var scored = evidence.Select(e => new ScoredItem(
            e, ChampionIsA(e.Comparison, models), GoldPreference.Score(e.Comparison.Prompt, e.Comparison.A.Text),
            GoldPreference.Score(e.Comparison.Prompt, e.Comparison.B.Text))).ToList();
        var champion = scored.Average(s => s.ChampionIsA ? s.A : s.B);
        var challenger = scored.Average(s => s.ChampionIsA ? s.B : s.A);
        var deviation = Math.Sqrt(scored.Average(s => Math.Pow((s.ChampionIsA ? s.A : s.B) - champion, 2)));

        var differing = pairs
            .Select(p => (Pair: p, Gold: GoldPreference.Score(p.Prompt, p.Chosen) - GoldPreference.Score(p.Prompt, p.Rejected)))
            .Where(p => p.Gold != 0).ToList();
        var decisive = scored.Where(s => s.A != s.B)
            .SelectMany(s => s.Item.Judgements.Where(j => j.Side != Side.Tie).Select(j => Right(j.Side == Side.A ? 1 : -1, s.A - s.B))).ToList();
        return new(
            champion, deviation, challenger, Gain(champion, challenger, deviation, inputs.Evidence),
            Mean([.. differing.Select(p => Right(p.Pair.Margin, p.Gold))], $"{inputs.ReportCard.Short} has no held-out pair whose gold differs"),
            Mean([.. differing.Select(p => Right(p.Pair.BaselineMargin, p.Gold))], $"{inputs.ReportCard.Short} has no held-out pair whose gold differs"),
            differing.Count,
            Mean(decisive, $"{inputs.Evidence.Short} has no decisive judgement of a comparison whose gold differs"), decisive.Count);
    }

    sealed record Models(ArtifactRef Champion, ArtifactRef Challenger);

    sealed record ScoredItem(EvidenceItem Item, bool ChampionIsA, double A, double B);

    // A policy against itself: the sample numbers tell the two apart, as they do for the gate.
    static bool ChampionIsA(Comparison comparison, Models models)
    {
        var (a, b) = (comparison.A.Source, comparison.B.Source);
        if (models.Champion == models.Challenger && a == models.Champion && b == models.Champion) return comparison.A.Sample <= comparison.B.Sample;
        if (a == models.Champion && b == models.Challenger) return true;
        if (a == models.Challenger && b == models.Champion) return false;
        throw new InvalidDataException(
            $"Comparison {comparison.Id} is between {a.Short} and {b.Short}; expected the champion {models.Champion.Short} and the challenger {models.Challenger.Short}.");
    }

    /// <summary>In deviations of the champion's gold.</summary>
    static double Gain(double champion, double challenger, double deviation, ArtifactRef evidence) =>
        challenger == champion ? 0
        : deviation > 0 ? (challenger - champion) / deviation
        : throw new InvalidDataException(
            $"All completions of the champion in {evidence.Short} have the same gold ({champion:0.####}); expected some that differ, to measure the gain in deviations.");

    static double Right(double margin, double gold) => margin == 0 ? 0.5 : margin > 0 == gold > 0 ? 1 : 0;

    static double Mean(IReadOnlyList<double> values, string nothing) =>
        values.Count > 0 ? values.Average() : throw new InvalidDataException($"{nothing}; expected at least one.");
}
