using System.Text.Json.Nodes;

namespace Rlhf.Tests.Support;

public sealed partial class StubMlflow
{
    static readonly string[] Statuses = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

    JsonObject CreateRun(StubFields f)
    {
        var experiment = Active(ExperimentOf(f));
        var tags = f.Tags(8000);
        var id = Guid.NewGuid().ToString("N");
        var name = f.Optional("run_name", 250) is { Length: > 0 } given ? given : tags.GetValueOrDefault("mlflow.runName") ?? $"run-{_runs.Count + 1}";
        var run = new StubRun { Id = id, Experiment = experiment, Name = name, StartTime = f.Integer("start_time") ?? 0 };
        foreach (var (key, value) in tags) run.Tags[key] = value;
        run.Tags["mlflow.runName"] = name;
        _runs.Add(run);
        return new() { ["run"] = Json(run) };
    }

    JsonObject UpdateRun(StubFields f)
    {
        var run = ActiveRun(f);
        if (f.Optional("status") is { } status)
            run.Status = Statuses.Contains(status) ? status : throw f.Swallowed($"'{status}' is no status of a run.");
        if (f.Integer("end_time") is { } end) run.EndTime = end;
        if (f.Optional("run_name", 250) is { } name) run.Name = run.Tags["mlflow.runName"] = name;
        return new() { ["run_info"] = Info(run) };
    }

    JsonObject SearchRuns(StubFields f)
    {
        var experiments = f.Texts("experiment_ids");
        var found = StubFilter.Apply(_runs.Where(r => experiments.Contains(r.Experiment.Id) && Seen(f.Optional("run_view_type"), r.Deleted)), f.Optional("filter"),
            (run, field) => field switch
            {
                "run_id" => run.Id,
                "status" => run.Status,
                "run_name" => run.Name,
                _ when field.StartsWith("params.", StringComparison.Ordinal) => run.Params.GetValueOrDefault(field["params.".Length..]),
                _ => Tag(run.Tags, field),
            });
        found.Reverse();
        found = StubFilter.Order(found, f.Texts("order_by"), (run, field) => field switch
        {
            "start_time" => run.StartTime,
            "run_id" => run.Id,
            "run_name" => run.Name,
            _ => throw StubError.Invalid($"The stub does not order by '{field}'."),
        });
        return Page("runs", found, f, 50_000, 1000, Json);
    }

    JsonObject MarkRun(StubFields f, bool deleted)
    {
        RunOf(f).Deleted = deleted;
        return [];
    }

    JsonObject SetRunTag(StubFields f)
    {
        var run = ActiveRun(f);
        run.Tags[f.Key()] = f.Optional("value", 8000) ?? "";
        if (f.Key() == "mlflow.runName") run.Name = run.Tags["mlflow.runName"];
        return [];
    }

    JsonObject DeleteRunTag(StubFields f)
    {
        var run = ActiveRun(f);
        return run.Tags.Remove(f.Key()) ? [] : throw StubError.Missing($"No tag with name: {f.Key()} in run with id {run.Id}");
    }

    JsonObject StoreBatch(StubFields f)
    {
        var run = ActiveRun(f);
        var (metrics, @params, tags) = (f.List("metrics"), f.List("params"), f.List("tags"));
        if (metrics.Count > 1000 || @params.Count > 100 || tags.Count > 100 || metrics.Count + @params.Count + tags.Count > 1000)
            throw StubError.Invalid($"A batch logging request can contain at most 1000 metrics, 100 params, 100 tags, 1000 together. Got {metrics.Count}, {@params.Count}, {tags.Count}.");
        return Store(run, [.. metrics.Select(Point)], [.. @params.Select(Param)], f.Tags(8000));
    }

    // All or nothing: everything has been read and checked by now.
    static JsonObject Store(StubRun run, IReadOnlyList<StubPoint> points, IReadOnlyList<(string Key, string Value)> @params, IReadOnlyDictionary<string, string> tags)
    {
        if (@params.GroupBy(p => p.Key).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw StubError.Invalid($"Duplicate parameter keys have been submitted: ['{twice.Key}'].");
        foreach (var (key, value) in @params)
            if (run.Params.TryGetValue(key, out var old) && old != value)
                throw StubError.Invalid($"Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{run.Id}'.");
        foreach (var (key, value) in @params) run.Params[key] = value;
        foreach (var (key, value) in tags) run.Tags[key] = value;
        foreach (var point in points)
            if (!run.Points.Contains(point)) run.Points.Add(point);
        if (tags.TryGetValue("mlflow.runName", out var name)) run.Name = name;
        return [];
    }

    static StubPoint Point(StubFields f)
    {
        var time = f.Integer("timestamp") ?? throw StubError.Invalid("Missing value for required parameter 'timestamp'.");
        if (time < 0) throw StubError.Invalid($"Invalid value {time} for parameter 'timestamp' supplied.");
        return new(f.Key(), f.Double("value"), time, f.Integer("step") ?? 0);
    }

    static (string Key, string Value) Param(StubFields f) => (f.Key(), f.Optional("value", 6000) ?? throw f.Swallowed($"param '{f.Key()}' has no value."));

    JsonObject StoreInputs(StubFields f)
    {
        var run = ActiveRun(f);
        foreach (var input in f.List("datasets"))
        {
            var dataset = input.Object("dataset");
            var digest = dataset.Optional("digest") is { Length: > 0 } given ? given : throw f.Swallowed("a dataset has no digest.");
            if (digest.Length > 36) throw StubError.Invalid("'digest' exceeds the maximum length of 36 characters");
            dataset.Text("source_type", 36);
            dataset.Text("source", 65_535);
            input.Tags(500);
            run.Datasets.TryAdd((dataset.Text("name", 500), digest), input.ToJson());
        }
        return [];
    }

    JsonObject History(StubFields f)
    {
        var run = RunOf(f);
        // The real one answers an empty page and a token that leads nowhere.
        if (!f.Has("max_results")) throw f.Swallowed("get-history was asked without max_results.");
        return Page("metrics", [.. run.Points.Where(p => p.Key == f.Text("metric_key"))], f, 25_000, 25_000, Json);
    }

    StubRun RunOf(StubFields f)
    {
        var id = f.Text("run_id");
        return _runs.FirstOrDefault(r => r.Id == id) ?? throw StubError.Missing($"Run with id={id} not found");
    }

    StubRun ActiveRun(StubFields f) => RunOf(f) is { Deleted: false } run
        ? run : throw StubError.Invalid($"The run {f.Text("run_id")} must be in the 'active' state. Current state is deleted.");

    static JsonObject Info(StubRun run)
    {
        var info = new JsonObject
        {
            ["run_uuid"] = run.Id,
            ["run_id"] = run.Id,
            ["experiment_id"] = run.Experiment.Id,
            ["run_name"] = run.Name,
            ["user_id"] = "",
            ["status"] = run.Status,
            ["start_time"] = run.StartTime,
            ["artifact_uri"] = run.ArtifactUri,
            ["lifecycle_stage"] = run.Deleted ? "deleted" : "active",
        };
        if (run.EndTime is { } end) info["end_time"] = end;
        return info;
    }

    static JsonObject Json(StubRun run) => new()
    {
        ["info"] = Info(run),
        ["data"] = Filled([],
            ("metrics", new([.. run.Points.GroupBy(p => p.Key).Select(g => Json(g.MaxBy(p => (p.Step, p.Timestamp, p.Value))!))])),
            ("params", Json(run.Params)),
            ("tags", Json(run.Tags))),
        ["inputs"] = Filled([], ("dataset_inputs", new([.. run.Datasets.Values.Select(d => d.DeepClone())]))),
        ["outputs"] = new JsonObject(),
    };

    // As the real one: an infinity comes back as the greatest finite number.
    static JsonNode Json(StubPoint point) => new JsonObject
    {
        ["key"] = point.Key,
        ["value"] = double.IsNaN(point.Value) ? "NaN" : Math.Clamp(point.Value, double.MinValue, double.MaxValue),
        ["timestamp"] = point.Timestamp,
        ["step"] = point.Step,
    };
}
