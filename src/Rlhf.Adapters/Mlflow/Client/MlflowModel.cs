namespace Rlhf.Adapters.Mlflow;

/// <summary>One registered model; times in milliseconds since 1970.</summary>
public sealed record MlflowModel
{
    public required string Name { get; init; }
    public string Description { get; init; } = "";
    public long CreationTimestamp { get; init; }
    public long LastUpdatedTimestamp { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
    public IReadOnlyList<MlflowAlias> Aliases { get; init; } = [];

    /// <summary>The version that an alias names, or null where there is no such alias.</summary>
    public string? VersionOf(string alias) => Aliases.FirstOrDefault(a => a.Alias == alias)?.Version;
}

/// <summary>A name that moves from version to version of one registered model.</summary>
public sealed record MlflowAlias(string Alias, string Version);

/// <summary>One version of a registered model; times in milliseconds since 1970.</summary>
public sealed record MlflowModelVersion
{
    public required string Name { get; init; }

    /// <summary>MLflow's own number, from 1, as text; the number of a deleted version is not given again.</summary>
    public required string Version { get; init; }
    public string Source { get; init; } = "";
    public string RunId { get; init; } = "";
    public string Description { get; init; } = "";

    /// <summary><c>READY</c>, <c>PENDING_REGISTRATION</c> or <c>FAILED_REGISTRATION</c>.</summary>
    public string Status { get; init; } = "";
    public long CreationTimestamp { get; init; }
    public long LastUpdatedTimestamp { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];

    /// <summary>The aliases that name this version; empty in the answer of a search of some servers.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The value of a tag, or null where the version has none of that key.</summary>
    public string? Tag(string key) => Tags.FirstOrDefault(t => t.Key == key)?.Value;
}

/// <summary>A LoggedModel (MLflow 3): a model that a run made, with its own params and metrics.</summary>
public sealed record MlflowLoggedModel
{
    public required MlflowLoggedModelInfo Info { get; init; }
    public MlflowLoggedModelData Data { get; init; } = new();
}

/// <summary>What a LoggedModel is; times in milliseconds since 1970.</summary>
public sealed record MlflowLoggedModelInfo
{
    /// <summary><c>m-</c> and 32 hexadecimal digits; a model version's source may be <c>models:/</c> and this.</summary>
    public required string ModelId { get; init; }
    public required string ExperimentId { get; init; }
    public string Name { get; init; } = "";
    public string ArtifactUri { get; init; } = "";

    /// <summary><c>LOGGED_MODEL_PENDING</c>, <c>LOGGED_MODEL_READY</c> or <c>LOGGED_MODEL_UPLOAD_FAILED</c>.</summary>
    public string Status { get; init; } = "";
    public string ModelType { get; init; } = "";
    public string SourceRunId { get; init; } = "";
    public long CreationTimestampMs { get; init; }
    public long LastUpdatedTimestampMs { get; init; }
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}

public sealed record MlflowLoggedModelData
{
    public IReadOnlyList<MlflowParam> Params { get; init; } = [];
    public IReadOnlyList<MlflowMetric> Metrics { get; init; } = [];
}

/// <summary>What is told of a LoggedModel when it is created.</summary>
public sealed record MlflowNewLoggedModel
{
    public required string ExperimentId { get; init; }

    /// <summary>Null: the server makes one up.</summary>
    public string? Name { get; init; }
    public string? ModelType { get; init; }
    public string? SourceRunId { get; init; }
    public IReadOnlyList<MlflowParam> Params { get; init; } = [];
    public IReadOnlyList<MlflowTag> Tags { get; init; } = [];
}
