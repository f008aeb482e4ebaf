using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Reads a store again and again. Its objects never change, so each is read once; a look at a store without news costs a few listings.
/// An object that cannot be understood is told and left out: it must not keep everything else from being delivered.
/// </summary>
sealed class StoreReader(IObjectStore objects, RunEnds? ends)
{
    sealed record NamedArtifact(ArtifactRef Artifact, DateTimeOffset At);

    readonly ConcurrentDictionary<string, object> _known = new();
    readonly ConcurrentDictionary<string, RunEnd> _ended = new();
    readonly ArtifactStore _artifacts = new(objects);
    readonly RunningSteps _steps = new(objects);
    IReadOnlyDictionary<string, IReadOnlyList<MetricLine>> _covered = new Dictionary<string, IReadOnlyList<MetricLine>>();

    public async Task<StoreContents> ReadAsync(CancellationToken cancellationToken)
    {
        var unreadable = new List<string>();
        // Before the records: a step that commits in between is among both, not among none.
        var running = await _steps.ListAsync(key => _known.ContainsKey(RecordOf(key)), unreadable, cancellationToken);
        var records = await AllAsync<StepRecord>("records/", unreadable, cancellationToken);
        foreach (var (name, _) in records.Where(r => !IsWhole(r.Value)).ToList())
        {
            records.Remove(name);
            unreadable.Add($"{name} lacks a field; expected a whole step record.");
        }
        running = [.. running.Where(r => !records.ContainsKey(RecordOf(r.Start.Key)))];
        _covered = running.Where(r => r.Journal is not null).GroupBy(r => r.Journal!.Sha256).ToDictionary(g => g.Key, g => g.First().Lines);
        var reports = new Dictionary<ArtifactRef, StoredReport>();
        foreach (var record in records.Values.Where(r => r.Step == nameof(ReportRound)))
        {
            if (ProjectedValues.Artifact(record.Outputs["report"]) is { } artifact && await ReportAsync(artifact, unreadable, cancellationToken) is { } report)
                reports[artifact] = report;
        }
        var promotions = new Dictionary<ArtifactRef, byte[]>();
        foreach (var record in records.Values.Where(r => r.Step == nameof(PromoteChallenger)))
        {
            if (ProjectedValues.Artifact(record.Outputs["record"]) is { } artifact && await PromotionAsync(artifact, unreadable, cancellationToken) is { } bytes) promotions[artifact] = bytes;
        }
        return new(
            [.. records.Values],
            running,
            await RoundsAsync(records.Values, unreadable, cancellationToken),
            await EndsAsync(records.Values, running, cancellationToken),
            reports,
            await VersionsAsync(Names.Policy, unreadable, cancellationToken),
            await VersionsAsync(Names.RewardModel, unreadable, cancellationToken),
            await MovingNamesAsync(unreadable, cancellationToken),
            unreadable)
        { Promotions = promotions };
    }

    /// <summary>The lines of a journal: of a record, or of a checkpoint that the last look found.</summary>
    public async Task<IReadOnlyList<MetricLine>> LinesAsync(JournalRef journal, CancellationToken cancellationToken) =>
        _covered.TryGetValue(journal.Sha256, out var lines) ? lines : await MetricJournal.ReadAsync(objects, journal, cancellationToken);

    static string RecordOf(string key) => $"records/{key}.json";

    async Task<Dictionary<string, RoundPlace>> RoundsAsync(IEnumerable<StepRecord> records, List<string> unreadable, CancellationToken cancellationToken)
    {
        var rounds = new Dictionary<string, RoundPlace>();
        foreach (var (name, start) in await AllAsync<JsonObject>("rounds/", unreadable, cancellationToken))
        {
            if (name.Split('/') is [_, var campaign, var file] && Number(file) is { } round && start["instance"]?.ToString() is { } instance)
                rounds[instance] = new(campaign, round);
        }
        // The record knows a replay too, which has no file of its own.
        foreach (var record in records.Where(r => r.Step == nameof(StartRound)))
        {
            if (record.Outputs["campaign"]?.ToString() is { } campaign && Number($"{record.Outputs["round"]}") is { } round)
                rounds[record.Instance] = new(campaign, round);
        }
        return rounds;
    }

    async Task<Dictionary<string, RunEnd>> EndsAsync(
        IReadOnlyCollection<StepRecord> records, IReadOnlyList<RunningStep> running, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, RunEnd>();
        if (ends is null) return found;
        var reported = records.Where(r => r.Step == nameof(ReportRound)).Select(r => r.Instance).ToHashSet();
        foreach (var instance in records.Select(r => r.Instance).Concat(running.Select(r => r.Start.Instance)).Distinct().Where(i => !reported.Contains(i)))
        {
            if (!_ended.TryGetValue(instance, out var end)) end = await ends(instance, cancellationToken);
            if (end is null) continue;
            found[instance] = end;
            // One that failed may be resumed, and is asked for again.
            if (end.Outcome != RunOutcome.Failed) _ended[instance] = end;
        }
        return found;
    }

    async Task<StoredReport?> ReportAsync(ArtifactRef artifact, List<string> unreadable, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue($"{artifact}", out var known)) return (StoredReport)known;
        try
        {
            var bytes = await _artifacts.ReadFileAsync(artifact, "report.json", cancellationToken);
            var report = new StoredReport(CanonicalJson.Deserialize<RoundReport>(bytes, $"{artifact.Short}, report.json"), bytes);
            _known[$"{artifact}"] = report;
            return report;
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            unreadable.Add(e.Message);
            return null;
        }
    }

    async Task<byte[]?> PromotionAsync(ArtifactRef artifact, List<string> unreadable, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue($"{artifact}", out var known)) return (byte[])known;
        try
        {
            var bytes = await _artifacts.ReadFileAsync(artifact, PromotionBundle.RecordFile, cancellationToken);
            _known[$"{artifact}"] = bytes;
            return bytes;
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            unreadable.Add(e.Message);
            return null;
        }
    }

    async Task<IReadOnlyList<NameVersion>> VersionsAsync(string name, List<string> unreadable, CancellationToken cancellationToken)
    {
        var versions = new List<NameVersion>();
        foreach (var (file, named) in await AllAsync<NamedArtifact>($"names/{name}/", unreadable, cancellationToken))
        {
            if (Number(Path.GetFileName(file)) is { } number) versions.Add(new(number, named.Artifact, named.At));
            else unreadable.Add($"'{file}' is no version of a name; expected digits and .json.");
        }
        return [.. versions.OrderBy(v => v.Version)];
    }

    async Task<List<MovingName>> MovingNamesAsync(List<string> unreadable, CancellationToken cancellationToken) =>
    [
        .. from file in await AllAsync<AliasVersion>("aliases/", unreadable, cancellationToken)
           let parts = file.Key.Split('/')
           where parts.Length is 4 or 5
           group file.Value by (Environment: parts[1], Campaign: parts.Length == 5 ? parts[2] : "", Name: parts[^2]) into name
           orderby name.Key.Environment, name.Key.Campaign, name.Key.Name
           select new MovingName(name.Key.Environment, name.Key.Campaign, name.Key.Name, [.. name.OrderBy(v => v.Version)]),
    ];

    async Task<SortedDictionary<string, T>> AllAsync<T>(string folder, List<string> unreadable, CancellationToken cancellationToken) where T : class
    {
        var all = new SortedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var name in (await objects.ListAsync(folder, cancellationToken)).Where(n => n.EndsWith(".json", StringComparison.Ordinal)))
        {
            try
            {
                if (_known.TryGetValue(name, out var known)) all[name] = (T)known;
                // Null: removed since the folder was listed.
                else if (await objects.ReadAsync(name, cancellationToken) is { } bytes)
                    _known[name] = all[name] = CanonicalJson.Deserialize<T>(bytes, name);
            }
            catch (InvalidDataException e)
            {
                unreadable.Add(e.Message);
            }
        }
        return all;
    }

    static bool IsWhole(StepRecord record) => record is
    {
        Key: not null, Step: not null, ProductVersion: not null, Instance: not null, Activity: not null, Inputs: not null, Hparams: not null, Outputs: not null, Outcome: not null,
    };

    static int? Number(string text) =>
        int.TryParse(text.EndsWith(".json", StringComparison.Ordinal) ? text[..^5] : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
