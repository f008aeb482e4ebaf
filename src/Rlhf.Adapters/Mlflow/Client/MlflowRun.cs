namespace Rlhf.Adapters.Mlflow;

/// <summary>How a run stands.</summary>
public enum MlflowRunStatus
{
    Running,
    Scheduled,
    Finished,
    Failed,
    Killed,
}

/// <summary>One run as the server holds it. <see cref="MlflowRunData.Metrics"/> has the last point of each metric, not its history.</summary>
public sealed record MlflowRun
{
    public required MlflowRunInfo Info { get; init; }
    public MlflowRunData Data { get; init; } = new();
    public MlflowRunInputs Inputs { get; init; } = new();
    public MlflowRunOutputs Outputs { get; init; } = new();

    /// <summary>The value of a tag, or null where the run has none of that key.</summary>
    public string? Tag(string key) => Data.Tags.FirstOrDefault(t => t.Key == key)?.Value;
}

/// <summary>What a run is; times in milliseconds since 1970.</summary>
public sealed record MlflowRunInfo
{
    public required string RunId { get; init; }
    public required string ExperimentId { get; init; }
    public string RunName { get; init; } = "";
    public required MlflowRunStatus Status { get; init; }
    public long StartTime { get; init; }
    public long? EndTime { get; init; }

    /// <summary>The URI below which its artifacts lie, such as <c>mlflow-artifacts:/1/0f3a…/artifacts</c>.</summary>
    public string ArtifactUri { get; init; } = "";

    /// <summary><c>active</c> or <c>deleted</c>.</summary>
    public string LifecycleStage { get; init; } = "";
}

public sealed record MlflowRunData
{
    public IReadOnlyList<MlflowMetric> Metrics { get; init; } = [];
    public IReadOnlyList<MlflowParam> Params { get; init; } = [];
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}

public sealed record MlflowRunInputs
{
    public IReadOnlyList<MlflowDatasetInput> DatasetInputs { get; init; } = [];
    public IReadOnlyList<MlflowModelInput> ModelInputs { get; init; } = [];
}

public sealed record MlflowRunOutputs
{
    public IReadOnlyList<MlflowModelOutput> ModelOutputs { get; init; } = [];
}

/// <summary>A dataset that a run used; name and digest together identify it within the experiment.</summary>
public sealed record MlflowDataset
{
    public required string Name { get; init; }

    /// <summary>At most 36 characters.</summary>
    public string Digest { get; init; } = "";

    /// <summary>What kind of place <see cref="Source"/> describes, such as <c>local</c> or <c>http</c>; at most 36 characters.</summary>
    public string SourceType { get; init; } = "";

    /// <summary>JSON text.</summary>
    public string Source { get; init; } = "";

    /// <summary>JSON text, or null for none.</summary>
    public string? Schema { get; init; }

    /// <summary>JSON text, or null for none.</summary>
    public string? Profile { get; init; }
}

/// <summary>A dataset and how a run used it.</summary>
public sealed record MlflowDatasetInput
{
    /// <summary>The key of the tag that says what the dataset was used for, such as <c>training</c>.</summary>
    public const string Context = "mlflow.data.context";

    public required MlflowDataset Dataset { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}

/// <summary>A LoggedModel that a run read.</summary>
public sealed record MlflowModelInput(string ModelId);

/// <summary>A LoggedModel that a run made, at a step.</summary>
public sealed record MlflowModelOutput(string ModelId, long Step = 0);
