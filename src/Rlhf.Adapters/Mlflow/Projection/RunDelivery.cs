using Rlhf.Steps.Journal;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Makes one run so. Every request may be the last one of this process: what it leaves is found again by the run's identity tag, and what is
/// sent a second time changes nothing.
/// </summary>
sealed class RunDelivery(MlflowClient client, StoreReader reader, string experimentId, DeliveryCounts counts)
{
    const int LinesAtOnce = 1000, Tries = 4;

    /// <summary>Delivers a round's own run and answers its id.</summary>
    public async Task<string> DeliverAsync(ProjectedRound round, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var id = await SendAsync(round.Run, lease, cancellationToken);
        await lease.AcknowledgeAsync(round.Instance, round.Acknowledged(id) with { Experiment = experimentId }, cancellationToken);
        return id;
    }

    /// <summary>Delivers a step's run, which is below its parent, and answers its id.</summary>
    public async Task<string> DeliverAsync(ProjectedRun step, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var id = await SendAsync(step, lease, cancellationToken);
        // Who took a step over may be behind what was delivered of it: those lines come again, and are not sent again.
        await lease.AcknowledgeAsync(step.Key, new(id, Math.Max(step.Lines, Sent(step, id, lease)), step.Fingerprint) { Experiment = experimentId }, cancellationToken);
        return id;
    }

    async Task<string> SendAsync(ProjectedRun run, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var found = await FindOrCreateAsync(run, lease, cancellationToken);
        var id = found.Info.RunId;
        var gap = RunGap.Between(run, found);
        var batch = new MlflowBatch { Params = gap.MissingParams, Tags = gap.Tags };
        if (!batch.IsEmpty) await SendAsync(token => client.LogBatchAsync(id, batch, token), lease, cancellationToken);
        if (gap.Datasets.Count > 0) await SendAsync(token => client.LogInputsAsync(id, gap.Datasets, cancellationToken: token), lease, cancellationToken);
        await SendLinesAsync(run, found, lease, cancellationToken);
        await SendFilesAsync(run, found.Info, lease, cancellationToken);
        // Last: who sees the run as finished sees all of it.
        if (gap.Info) await SendAsync(token => client.UpdateRunAsync(id, run.Status, run.EndTime, run.Name, token), lease, cancellationToken);
        counts.Runs++;
        counts.Troubles.AddRange(gap.WrongParams.Select(p => $"Run {id} ({run.Name}) has another value of param {p.Key} than '{p.Value}'; a repair makes it anew."));
        return id;
    }

    /// <summary>Deletes every run of that identity; the server keeps deleted runs for a while.</summary>
    public async Task DeleteAsync(ProjectedRun run, DeliveryLease lease, CancellationToken cancellationToken)
    {
        foreach (var found in await client.FindRunsByTagAsync(experimentId, run.Identity, cancellationToken))
            await SendAsync(token => client.DeleteRunAsync(found.Info.RunId, token), lease, cancellationToken);
    }

    async Task<MlflowRun> FindOrCreateAsync(ProjectedRun run, DeliveryLease lease, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await lease.KeepAsync(cancellationToken);
            var found = (await client.FindRunsByTagAsync(experimentId, run.Identity, cancellationToken)).OrderBy(r => r.Info.RunId, StringComparer.Ordinal).ToList();
            // Two senders made one each, or a creation was carried out and told as failed: the same one stays, whoever looks.
            foreach (var twin in found.Skip(1)) await SendAsync(token => client.DeleteRunAsync(twin.Info.RunId, token), lease, cancellationToken);
            if (found.Count > 0) return found[0];
            try
            {
                await lease.KeepAsync(cancellationToken);
                return await client.CreateRunAsync(
                    new() { ExperimentId = experimentId, Name = run.Name, StartTime = run.StartTime, Tags = run.Tags }, cancellationToken);
            }
            catch (MlflowException e) when (e is { MayHaveSucceeded: true, Permanent: false } && attempt < Tries)
            {
                // It may stand there by now: look again before another is made.
            }
        }
    }

    async Task SendLinesAsync(ProjectedRun run, MlflowRun found, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var id = found.Info.RunId;
        var sent = Sent(run, id, lease);
        if (run.Journal is null || sent >= run.Lines) return;
        var points = Points(await reader.LinesAsync(run.Journal, cancellationToken));
        var there = await ThereAsync(found, points[sent..], lease, cancellationToken);
        while (sent < points.Count)
        {
            var part = points.GetRange(sent, Math.Min(LinesAtOnce, points.Count - sent));
            var missing = part.Where(p => !there.Contains((p.Key, p.Step))).ToList();
            if (missing.Count > 0) await SendAsync(token => client.LogBatchAsync(id, new() { Metrics = missing }, token), lease, cancellationToken);
            sent += part.Count;
            counts.Lines += missing.Count;
            if (sent < points.Count) await lease.AcknowledgeAsync(run.Key, new(id, sent) { Experiment = experimentId }, cancellationToken);
        }
    }

    static int Sent(ProjectedRun run, string id, DeliveryLease lease) => lease.Of(run.Key) is { } known && known.RunId == id ? known.Lines : 0;

    /// <summary>
    /// Of lines that nobody acknowledged those that the server has, by metric and update: a sender was killed in between, or the step went over
    /// to another instance. After a take-over the line may have another time by now, and would stand there twice.
    /// </summary>
    async Task<HashSet<(string Metric, long Update)>> ThereAsync(MlflowRun found, IEnumerable<MlflowMetric> unsent, DeliveryLease lease, CancellationToken cancellationToken)
    {
        var there = new HashSet<(string, long)>();
        var newest = found.Data.Metrics.ToLookup(m => m.Key, m => m.Step);
        foreach (var metric in unsent.Where(p => newest[p.Key].Any(step => p.Step <= step)).Select(p => p.Key).Distinct())
        {
            await lease.KeepAsync(cancellationToken);
            await foreach (var point in client.GetMetricHistoryAsync(found.Info.RunId, metric, cancellationToken: cancellationToken)) there.Add((metric, point.Step));
        }
        return there;
    }

    async Task SendFilesAsync(ProjectedRun run, MlflowRunInfo info, DeliveryLease lease, CancellationToken cancellationToken)
    {
        if (run.Files.Count > 0 && !TakesFiles(info))
        {
            // All else of the run is still worth having, and trying again would not help.
            counts.Troubles.Add($"Run {info.RunId} ({run.Name}) lacks its files: its artifacts lie at '{info.ArtifactUri}'; expected a server that takes them itself (--serve-artifacts).");
            return;
        }
        foreach (var file in run.Files)
        {
            var type = file.Path.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "text/markdown";
            await SendAsync(token => client.PutArtifactAsync(info.ArtifactUri, file.Path, new MemoryStream(file.Content, writable: false), type, token), lease, cancellationToken);
        }
    }

    /// <summary>Whether files of the run go through the server, and not to a store of their own.</summary>
    public static bool TakesFiles(MlflowRunInfo info) => info.ArtifactUri.StartsWith("mlflow-artifacts:", StringComparison.Ordinal);

    static async Task SendAsync(Func<CancellationToken, Task> request, DeliveryLease lease, CancellationToken cancellationToken)
    {
        await lease.KeepAsync(cancellationToken);
        await request(cancellationToken);
    }

    /// <summary>The points of a journal, in its order: the update is the step, the journal's own time in milliseconds the time.</summary>
    public static List<MlflowMetric> Points(IEnumerable<MetricLine> lines) =>
        [.. lines.Select(l => new MlflowMetric(ProjectedValues.Key(l.Metric), l.Value, l.At.ToUnixTimeMilliseconds(), l.Update))];
}
