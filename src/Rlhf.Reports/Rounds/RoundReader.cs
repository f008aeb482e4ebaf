using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;

namespace Rlhf.Reports.Rounds;

/// <summary>Gathers what a round's report shows, from the store that has it.</summary>
public sealed class RoundReader(ArtifactStore artifacts)
{
    /// <summary>Parts by which <see cref="RoundMaterial.Missing"/> names what is not there.</summary>
    internal const string Measures = "measures", Samples = "samples", Training = "training", Pairs = "pairs", Preferences = "preferences", Selection = "selection", ClusterPlot = "clusterPlot", ClusterNumbers = "clusterNumbers",
        Evidence = "evidence", Overoptimization = "overoptimization", Criteria = "criteria";

    readonly Dictionary<string, string> _missing = [];

    /// <summary>The round of a report that <paramref name="inputs"/> went into.</summary>
    /// <param name="records">All step records of the store.</param>
    /// <exception cref="InvalidDataException">Something was changed.</exception>
    public async Task<RoundMaterial> ReadAsync(ReportRound.Inputs inputs, RoundReport report, IReadOnlyList<StepRecord> records, CancellationToken cancellationToken)
    {
        _missing.Clear();
        var lineage = RoundLineage.Of(records, inputs);
        var (decision, selected) = (report.Decision, lineage.Steps.LastOrDefault(s => s.Record.Step == nameof(SelectComparisons))?.To[0]);
        return new(inputs.Campaign, report)
        {
            Lineage = lineage,
            Criteria = await PartAsync(Criteria, decision.Criteria, "", async a => GateCriteria.Parse(a.Short, await artifacts.ReadFileAsync(a, GateCriteria.File, cancellationToken))),
            Measures = await PartAsync(Measures, decision.Measures, "The policies were not measured.", async a => await artifacts.ReadJsonAsync<ChallengerMeasures>(a, ChallengerMeasures.File, cancellationToken)),
            Samples = await PartAsync(Samples, decision.Measures, "The policies were not measured, so there are no differences by token.", a => LinesAsync<TokenSample>(
                a, TokenSample.File, Samples, "The measures were made by a version of the product that kept no differences by token.", cancellationToken)) ?? [],
            Overoptimization = await PartAsync(Overoptimization, inputs.Overoptimization, "The over-optimization monitor did not watch this training, so there is no gold on its way and nothing to fit.",
                async a => await artifacts.ReadJsonAsync<OveroptimizationReport>(a, OveroptimizationReport.File, cancellationToken)),
            Training = await TrainingAsync(lineage, cancellationToken),
            Pairs = await PartAsync(Pairs, inputs.ReportCard, "", a => LinesAsync<ScoredPair>(a, "pairs.jsonl", Pairs, "The report card has no pairs.", cancellationToken)) ?? [],
            Preferences = await PartAsync(Preferences, inputs.Preferences, "", async a => await artifacts.ReadJsonAsync<PreferenceReport>(a, "report.json", cancellationToken)),
            Selection = await PartAsync(Selection, selected, "No step of this store chose the comparisons.", async a => await artifacts.ReadJsonAsync<SelectionReport>(a, "report.json", cancellationToken)),
            ClusterPlot = await PartAsync(ClusterPlot, selected, "No step of this store chose the comparisons.", async a =>
                await TextAsync(a, SelectionReport.Plot, ClusterPlot, "Prompts were not grouped.", cancellationToken)),
            ClusterNumbers = await PartAsync(ClusterNumbers, selected, "", async a => await TextAsync(a, SelectionReport.PlotNumbers, ClusterNumbers, "", cancellationToken)),
            Evidence = await PartAsync(Evidence, inputs.Evidence, "", async a => await artifacts.ReadLinesAsync<EvidenceItem>(a, EvidenceItem.File, cancellationToken)) ?? [],
            Cost = await new CostReader(artifacts).ReadAsync(lineage, cancellationToken),
            Missing = new Dictionary<string, string>(_missing),
        };
    }

    /// <summary>Null where there is none, or where it is not in this store, with the reason.</summary>
    async Task<T?> PartAsync<T>(string part, ArtifactRef? artifact, string none, Func<ArtifactRef, Task<T?>> read) where T : class
    {
        if (artifact is null)
        {
            _missing[part] = none;
            return null;
        }
        try
        {
            return await read(artifact);
        }
        catch (ArtifactNotFoundException e)
        {
            _missing[part] = e.Message;
            return null;
        }
    }

    async Task<List<T>?> LinesAsync<T>(ArtifactRef artifact, string file, string part, string none, CancellationToken cancellationToken)
    {
        if ((await artifacts.ManifestAsync(artifact, cancellationToken)).Files.Any(f => f.Path == file)) return await artifacts.ReadLinesAsync<T>(artifact, file, cancellationToken);
        _missing[part] = none;
        return null;
    }

    async Task<string?> TextAsync(ArtifactRef artifact, string file, string part, string none, CancellationToken cancellationToken)
    {
        if ((await artifacts.ManifestAsync(artifact, cancellationToken)).Files.Any(f => f.Path == file)) return Encoding.UTF8.GetString(await artifacts.ReadFileAsync(artifact, file, cancellationToken));
        _missing[part] = none;
        return null;
    }

    /// <summary>All trainings of the round one behind the other: a training that stopped at checkpoints is several steps.</summary>
    async Task<IReadOnlyList<Curve>> TrainingAsync(RoundLineage lineage, CancellationToken cancellationToken)
    {
        var lines = new List<MetricLine>();
        foreach (var journal in lineage.Steps.Where(s => s.Record.Step == nameof(TrainPolicy)).Select(s => s.Record.Journal).OfType<JournalRef>())
        {
            try
            {
                lines.AddRange(await MetricJournal.ReadAsync(artifacts.Objects, journal, cancellationToken));
            }
            catch (InvalidDataException e)
            {
                _missing[Training] = e.Message;
            }
        }
        if (lines.Count == 0) _missing.TryAdd(Training, "No step of this store trained the challenger by PPO, so there are no curves.");
        return TrainingCurves.Of(lines);
    }
}
