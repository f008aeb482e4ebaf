using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Provenance;

namespace Rlhf.Pipeline.Labeling;

/// <summary>Judgements of a store as a file would have them: with what was judged, and of an AI judge what it said in either order.</summary>
public static class StoredJudgements
{
    /// <summary>Several sets as one, so that those of people and of a judge on the same comparisons stand side by side.</summary>
    /// <exception cref="ArgumentException">An artifact holds no judgements.</exception>
    /// <exception cref="InvalidDataException">No step of this store says which comparisons were judged, or a judgement is of none of them.</exception>
    public static async Task<JudgementFileContent> ReadAsync(IObjectStore objects, IReadOnlyList<ArtifactRef> sets, CancellationToken cancellationToken)
    {
        var lineage = await Lineage.ReadAsync(objects, cancellationToken);
        var lines = new List<JudgementLine>();
        foreach (var set in sets) lines.AddRange(await LinesAsync(new(objects), lineage, set, cancellationToken));
        var different = lines.DistinctBy(l => l.ToText()).ToList();
        return new(
            string.Join(", ", sets.Select(s => s.Short)), different, lines.Count - different.Count,
            different.Count - different.DistinctBy(l => (l.Item, l.Axis, l.Labeler)).Count());
    }

    static async Task<List<JudgementLine>> LinesAsync(ArtifactStore artifacts, Lineage lineage, ArtifactRef set, CancellationToken cancellationToken)
    {
        if (set.Kind != "judgements") throw new ArgumentException($"{set} holds no judgements; expected judgements/….");
        if (lineage.MakersOf(set).FirstOrDefault(r => r.Step == nameof(CollectJudgements)) is not { } record)
            throw new InvalidDataException($"No step of this store made {set.Short}, so that nothing says what was judged; expected judgements of CollectJudgements.");
        var comparisons = (await artifacts.ReadComparisonsAsync(ArtifactRef.Parse($"{record.Inputs["comparisons"]}"), cancellationToken)).ToDictionary(c => c.Id);
        var verdicts = new Dictionary<(string, string), JudgedVerdicts>();
        // Of several judges, or requests to one, the later ones' files have numbers.
        foreach (var file in (await artifacts.ManifestAsync(set, cancellationToken)).Files.Where(f => f.Path.StartsWith("verdicts", StringComparison.Ordinal)))
            foreach (var said in await artifacts.ReadLinesAsync<JudgedVerdicts>(set, file.Path, cancellationToken)) verdicts[(said.ComparisonId, said.Labeler)] = said;
        return [.. (await artifacts.ReadLinesAsync<Judgement>(set, "judgements.jsonl", cancellationToken)).Select(j => Line(
            comparisons.TryGetValue(j.ComparisonId, out var comparison) ? comparison : throw new InvalidDataException($"{set.Short} judges {j.ComparisonId}, which is none of its comparisons."),
            j, verdicts.GetValueOrDefault((j.ComparisonId, j.Labeler))))];
    }

    static JudgementLine Line(Comparison comparison, Judgement judgement, JudgedVerdicts? verdicts) => new(comparison.Id, judgement.Labeler, ChoiceOf(judgement))
    {
        Axis = comparison.Axis,
        PromptId = comparison.PromptId,
        Prompt = comparison.Prompt,
        CompletionA = comparison.A.Text,
        CompletionB = comparison.B.Text,
        SourceA = comparison.A.Writer,
        SourceB = comparison.B.Writer,
        ShownFirst = judgement.ShownFirst,
        Orders = verdicts?.Principle is null ? null : [.. verdicts.Orders.Select(o => (o.ShownFirst, o.Side))],
        Cluster = comparison.Cluster?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        Kind = judgement.Kind ?? (judgement.Simulated ? LabelerKind.Simulated : LabelerKind.Person),
        Seconds = judgement.Seconds,
        Guidelines = judgement.Guidelines,
        SafeA = judgement.SafeA,
        SafeB = judgement.SafeB,
    };

    static Choice ChoiceOf(Judgement judgement) => judgement switch
    {
        { BothBad: true } => Choice.BothBad,
        { Side: Side.Tie } => Choice.Tie,
        { Side: Side.A } => Choice.Tie - judgement.Strength,
        _ => Choice.Tie + judgement.Strength,
    };
}
