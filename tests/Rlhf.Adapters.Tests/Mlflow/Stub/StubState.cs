using System.Text.Json.Nodes;

namespace Rlhf.Tests.Support;

/// <summary>One point of a metric, as MLflow tells it from others of the same run.</summary>
public sealed record StubPoint(string Key, double Value, long Timestamp, long Step);

/// <summary>An experiment as the stub holds it.</summary>
public sealed class StubExperiment
{
    public required string Id { get; init; }
    public required string Name { get; set; }
    public required string ArtifactLocation { get; init; }
    public bool Deleted { get; set; }
    public Dictionary<string, string> Tags { get; } = [];
}

/// <summary>A run as the stub holds it.</summary>
public sealed class StubRun
{
    public required string Id { get; init; }
    public required StubExperiment Experiment { get; init; }
    public required string Name { get; set; }
    public string Status { get; set; } = "RUNNING";
    public long StartTime { get; init; }
    public long? EndTime { get; set; }
    public bool Deleted { get; set; }
    public Dictionary<string, string> Tags { get; } = [];
    public Dictionary<string, string> Params { get; } = [];

    /// <summary>In the order of their arrival, each once.</summary>
    public List<StubPoint> Points { get; } = [];

    /// <summary>As they were sent, by name and digest.</summary>
    public Dictionary<(string Name, string Digest), JsonObject> Datasets { get; } = [];

    public string ArtifactUri => $"{Experiment.ArtifactLocation}/{Id}/artifacts";
}

/// <summary>A registered model as the stub holds it.</summary>
public sealed class StubModel
{
    public required string Name { get; init; }
    public string Description { get; set; } = "";
    public int Newest { get; set; }
    public Dictionary<string, string> Tags { get; } = [];
    public Dictionary<string, string> Aliases { get; } = [];
    public List<StubVersion> Versions { get; } = [];
}

/// <summary>A version as the stub holds it.</summary>
public sealed class StubVersion
{
    public required string Version { get; init; }
    public required string Source { get; init; }
    public string RunId { get; init; } = "";
    public string Description { get; set; } = "";
    public Dictionary<string, string> Tags { get; } = [];
}

public sealed partial class StubMlflow
{
    readonly List<StubExperiment> _experiments =
        [new() { Id = "0", Name = "Default", ArtifactLocation = "mlflow-artifacts:/0" }];
    readonly List<StubRun> _runs = [];
    readonly List<StubModel> _models = [];
    readonly SortedDictionary<string, byte[]> _artifacts = new(StringComparer.Ordinal);

    public IReadOnlyList<StubExperiment> Experiments => Held(() => _experiments.ToList());

    /// <summary>Deleted ones included, in the order of their creation.</summary>
    public IReadOnlyList<StubRun> Runs => Held(() => _runs.ToList());

    public IReadOnlyList<StubModel> Models => Held(() => _models.ToList());

    /// <summary>By path behind the proxy, such as <c>1/0f3a…/artifacts/card.md</c>.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => Held(() => new Dictionary<string, byte[]>(_artifacts));

    T Held<T>(Func<T> read)
    {
        lock (_gate) return read();
    }

    Dictionary<(string, string), Func<StubFields, JsonObject>> Routes() => new()
    {
        [("POST", "experiments/create")] = CreateExperiment,
        [("GET", "experiments/get")] = f => new() { ["experiment"] = Json(ExperimentOf(f)) },
        [("GET", "experiments/get-by-name")] = GetExperimentByName,
        [("POST", "experiments/search")] = SearchExperiments,
        [("POST", "experiments/set-experiment-tag")] = SetExperimentTag,
        [("POST", "experiments/update")] = RenameExperiment,
        [("POST", "experiments/delete")] = f => MarkExperiment(f, true),
        [("POST", "experiments/restore")] = f => MarkExperiment(f, false),
        [("POST", "runs/create")] = CreateRun,
        [("GET", "runs/get")] = f => new() { ["run"] = Json(RunOf(f)) },
        [("POST", "runs/update")] = UpdateRun,
        [("POST", "runs/search")] = SearchRuns,
        [("POST", "runs/delete")] = f => MarkRun(f, true),
        [("POST", "runs/restore")] = f => MarkRun(f, false),
        [("POST", "runs/set-tag")] = SetRunTag,
        [("POST", "runs/delete-tag")] = DeleteRunTag,
        [("POST", "runs/log-batch")] = StoreBatch,
        [("POST", "runs/log-metric")] = f => Store(ActiveRun(f), [Point(f)], [], new Dictionary<string, string>()),
        [("POST", "runs/log-parameter")] = f => Store(ActiveRun(f), [], [Param(f)], new Dictionary<string, string>()),
        [("POST", "runs/log-inputs")] = StoreInputs,
        [("GET", "metrics/get-history")] = History,
        [("GET", "artifacts/list")] = ListArtifacts,
        [("POST", "registered-models/create")] = CreateModel,
        [("GET", "registered-models/get")] = f => new() { ["registered_model"] = Json(ModelOf(f)) },
        [("GET", "registered-models/search")] = SearchModels,
        [("PATCH", "registered-models/update")] = DescribeModel,
        [("DELETE", "registered-models/delete")] = DeleteModel,
        [("POST", "registered-models/set-tag")] = SetModelTag,
        [("DELETE", "registered-models/delete-tag")] = DeleteModelTag,
        [("POST", "registered-models/alias")] = SetAlias,
        [("GET", "registered-models/alias")] = GetByAlias,
        [("DELETE", "registered-models/alias")] = DeleteAlias,
        [("POST", "model-versions/create")] = CreateVersion,
        [("GET", "model-versions/get")] = GetVersion,
        [("GET", "model-versions/search")] = SearchVersions,
        [("PATCH", "model-versions/update")] = DescribeVersion,
        [("DELETE", "model-versions/delete")] = DeleteVersion,
        [("POST", "model-versions/set-tag")] = SetVersionTag,
        [("DELETE", "model-versions/delete-tag")] = DeleteVersionTag,
    };
}
