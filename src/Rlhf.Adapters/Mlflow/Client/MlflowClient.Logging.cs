using System.Text.Json.Serialization;

namespace Rlhf.Adapters.Mlflow;

public sealed partial class MlflowClient
{
    sealed record MetricPage : Page<MlflowMetric>
    {
        public IReadOnlyList<MlflowMetric> Metrics { get; init; } = [];
        public override IReadOnlyList<MlflowMetric> Items() => Metrics;
    }

    /// <summary>
    /// Logs everything of the batch in its order, in as many requests as the server's limits ask for (1000 metric points, 100 params, 100 tags,
    /// 1000 together). Everything is checked before the first is sent. One request is written whole or not at all, several are not; sending
    /// the same again adds nothing. An empty batch sends nothing.
    /// </summary>
    /// <exception cref="ArgumentException">A field breaks a rule, or a param or tag stands in the batch twice.</exception>
    /// <exception cref="MlflowException">Among others: a param has another value already (<see cref="MlflowErrors.InvalidParameter"/>).</exception>
    public async Task LogBatchAsync(string runId, MlflowBatch batch, CancellationToken cancellationToken = default)
    {
        FieldRules.Id("run", runId);
        FieldRules.Batch(batch);
        foreach (var part in LogBatch.Split(batch))
        {
            await SendAsync(Post("runs/log-batch",
                new { RunId = runId, Metrics = OrNull(part.Metrics), Params = OrNull(part.Params), Tags = OrNull(part.Tags) }), cancellationToken);
        }
    }

    /// <summary>Logs one point; the same point again adds nothing.</summary>
    public Task LogMetricAsync(string runId, MlflowMetric metric, CancellationToken cancellationToken = default)
    {
        FieldRules.Metric(metric);
        return SendAsync(Post("runs/log-metric", new LoggedMetric(FieldRules.Id("run", runId), metric)), cancellationToken);
    }

    /// <exception cref="MlflowException">The param has another value already (<see cref="MlflowErrors.InvalidParameter"/>).</exception>
    public Task LogParamAsync(string runId, MlflowParam param, CancellationToken cancellationToken = default)
    {
        FieldRules.Param(param);
        return SendAsync(Post("runs/log-parameter", new { RunId = FieldRules.Id("run", runId), param.Key, param.Value }), cancellationToken);
    }

    /// <summary>
    /// Says which datasets the run used; the same again adds nothing. At most 1000 in one call. <paramref name="models"/> are LoggedModels that
    /// it read, which need MLflow 3: an older server ignores them. Nothing is sent for nothing.
    /// </summary>
    public async Task LogInputsAsync(
        string runId, IReadOnlyList<MlflowDatasetInput> datasets, IReadOnlyList<MlflowModelInput>? models = null, CancellationToken cancellationToken = default)
    {
        FieldRules.Datasets(datasets);
        if (datasets.Count == 0 && OrNull(models) is null) return;
        await SendAsync(Post("runs/log-inputs",
            new { RunId = FieldRules.Id("run", runId), Datasets = OrNull(datasets), Models = OrNull(models) }), cancellationToken);
    }

    /// <summary>Every point of one metric of a run, page by page, in the server's order; none where the run has no such metric.</summary>
    public IAsyncEnumerable<MlflowMetric> GetMetricHistoryAsync(
        string runId, string key, int pageSize = 25_000, CancellationToken cancellationToken = default) =>
        AllAsync<MetricPage, MlflowMetric>(token => Get("metrics/get-history",
            ("run_id", FieldRules.Id("run", runId)),
            ("metric_key", FieldRules.Key("metric", key)),
            ("max_results", Text(FieldRules.PageSize(pageSize, 25_000))),
            ("page_token", token)), cancellationToken);

    sealed record LoggedMetric(
        string RunId, string Key, [property: JsonConverter(typeof(MetricValueJsonConverter))] double Value, long Timestamp, long Step)
    {
        public LoggedMetric(string runId, MlflowMetric metric) : this(runId, metric.Key, metric.Value, metric.Timestamp, metric.Step) { }
    }
}
