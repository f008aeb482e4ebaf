using System.Text.Json.Serialization;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// One point of a metric: key, value (NaN and infinities are values), milliseconds since 1970, step (any int64, 0 by default). The server
/// takes two points of a run with the same four for one.
/// </summary>
public sealed record MlflowMetric(
    string Key, [property: JsonConverter(typeof(MetricValueJsonConverter))] double Value, long Timestamp, long Step = 0);

/// <summary>One hyperparameter of a run; it can be written again with the same value only.</summary>
public sealed record MlflowParam(string Key, string Value = "");

/// <summary>What is logged to a run together: any number of metric points, params and tags.</summary>
public sealed record MlflowBatch
{
    public IReadOnlyList<MlflowMetric> Metrics { get; init; } = [];
    public IReadOnlyList<MlflowParam> Params { get; init; } = [];
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];

    public bool IsEmpty => Metrics.Count + Params.Count + Tags.Count == 0;
}
