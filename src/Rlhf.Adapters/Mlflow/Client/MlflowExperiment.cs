namespace Rlhf.Adapters.Mlflow;

/// <summary>A key and a text; an empty text where the server names none.</summary>
public sealed record MlflowTag(string Key, string Value = "");

/// <summary>Which of active and deleted experiments or runs a search finds.</summary>
public enum MlflowView
{
    ActiveOnly,
    DeletedOnly,
    All,
}

/// <summary>One experiment; times in milliseconds since 1970, null where the server does not say.</summary>
public sealed record MlflowExperiment
{
    public required string ExperimentId { get; init; }
    public required string Name { get; init; }

    /// <summary>The URI below which its runs' artifacts lie, such as <c>mlflow-artifacts:/1</c>.</summary>
    public string ArtifactLocation { get; init; } = "";

    /// <summary><c>active</c> or <c>deleted</c>.</summary>
    public string LifecycleStage { get; init; } = "";
    public long? CreationTime { get; init; }
    public long? LastUpdateTime { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];

    internal bool IsDeleted => LifecycleStage == "deleted";
}
