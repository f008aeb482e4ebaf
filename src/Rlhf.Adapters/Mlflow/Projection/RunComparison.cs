using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>How a delivered run differs on the server; anew: params or points that cannot be changed are wrong, so it has to be made again.</summary>
sealed record RunDifference(ProjectedRound Round, ProjectedRun Run, IReadOnlyList<string> Sentences, bool Anew);

/// <summary>Compares delivered runs with those on the server, point by point.</summary>
sealed class RunComparison(MlflowClient client, StoreReader reader, IReadOnlyList<MlflowRun> standing)
{
    readonly ILookup<string, MlflowRun> _parents = ByTag(standing, ProjectedRounds.Instance), _steps = ByTag(standing, ProjectedRounds.StepKey);

    /// <param name="round">Where the run belongs.</param>
    /// <param name="run">As it should be, below its parent.</param>
    /// <param name="delivered">What was acknowledged of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<RunDifference?> OfAsync(ProjectedRound round, ProjectedRun run, Delivered delivered, CancellationToken cancellationToken)
    {
        var found = (run.Identity.Key == ProjectedRounds.Instance ? _parents : _steps)[run.Key].OrderBy(r => r.Info.RunId, StringComparer.Ordinal).ToList();
        if (found.Count == 0) return new(round, run, [$"run {delivered.RunId} is missing"], Anew: false);
        var gap = RunGap.Between(run, found[0]);
        var sentences = gap.Sentences.ToList();
        if (found.Count > 1) sentences.Add($"{found.Count} runs have its tag: {string.Join(", ", found.Select(r => r.Info.RunId))}");
        if (found[0].Info.RunId != delivered.RunId) sentences.Add($"it is run {found[0].Info.RunId}; run {delivered.RunId} was delivered");
        var surplus = false;
        try
        {
            surplus = run.Journal is not null && await ComparePointsAsync(run, run.Journal, found[0], sentences, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            sentences.Add(e.Message);
        }
        await CompareFilesAsync(run, found[0].Info, sentences, cancellationToken);
        return sentences.Count == 0 ? null : new(round, run, sentences, Anew: surplus || gap.WrongParams.Count > 0);
    }

    /// <summary>The runs with an identity of ours that this store knows nothing of.</summary>
    public IEnumerable<TrackingDifference> Unknown(Projected projected)
    {
        var instances = projected.Rounds.Select(r => r.Instance).ToHashSet();
        var steps = projected.Rounds.SelectMany(r => r.Steps).Select(s => s.Key).ToHashSet();
        return _parents.Where(p => !instances.Contains(p.Key)).Concat(_steps.Where(s => !steps.Contains(s.Key))).SelectMany(g => g)
            .Select(r => new TrackingDifference($"run {r.Info.RunId} ({r.Info.RunName})", "is of an instance or step that this store does not know", Repairable: false));
    }

    // By metric, update and value: a line that was delivered while its step ran keeps the time it had then, whoever took the step over.
    async Task<bool> ComparePointsAsync(ProjectedRun run, JournalRef journal, MlflowRun standing, List<string> sentences, CancellationToken cancellationToken)
    {
        var surplus = false;
        foreach (var metric in RunDelivery.Points(await reader.LinesAsync(journal, cancellationToken)).GroupBy(p => p.Key))
        {
            var expected = metric.Select(p => (p.Step, p.Value)).ToHashSet();
            var last = metric.Max(p => p.Step);
            var actual = await client.GetMetricHistoryAsync(standing.Info.RunId, metric.Key, cancellationToken: cancellationToken)
                // Who took it over may be behind what was delivered.
                .Where(p => !run.Unfinished || p.Step <= last).Select(p => (p.Step, p.Value)).ToListAsync(cancellationToken);
            var missing = expected.Except(actual).Count();
            var others = actual.Count + missing - expected.Count;
            if (missing + others == 0) continue;
            surplus |= others > 0;
            sentences.Add($"metric {metric.Key} has {actual.Count} points{Last(actual)}, expected {expected.Count} up to update {last}; {missing} are missing, {others} are not of the journal");
        }
        return surplus;
    }

    async Task CompareFilesAsync(ProjectedRun run, MlflowRunInfo info, List<string> sentences, CancellationToken cancellationToken)
    {
        foreach (var file in run.Files)
        {
            try
            {
                if (!RunDelivery.TakesFiles(info)) sentences.Add($"file {file.Path} cannot be there: artifacts lie at '{info.ArtifactUri}'");
                else if (!(await client.ReadArtifactAsync(info.ArtifactUri, file.Path, cancellationToken)).AsSpan().SequenceEqual(file.Content))
                    sentences.Add($"file {file.Path} is another one");
            }
            catch (MlflowException e) when (e.ErrorCode == MlflowErrors.DoesNotExist)
            {
                sentences.Add($"file {file.Path} is missing");
            }
        }
    }

    static string Last(List<(long Step, double Value)> points) => points.Count == 0 ? "" : $" up to update {points.Max(p => p.Step)}";

    static ILookup<string, MlflowRun> ByTag(IReadOnlyList<MlflowRun> runs, string tag) =>
        runs.Where(r => r.Tag(tag) is not null).ToLookup(r => r.Tag(tag)!);
}
