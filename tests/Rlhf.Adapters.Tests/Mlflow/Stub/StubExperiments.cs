using System.Text.Json.Nodes;

namespace Rlhf.Tests.Support;

public sealed partial class StubMlflow
{
    JsonObject CreateExperiment(StubFields f)
    {
        var name = f.Text("name");
        if (name.Length > 500) throw StubError.Invalid("'name' exceeds the maximum length of 500 characters");
        if (_experiments.Any(e => e.Name == name)) throw StubError.Exists($"Experiment(name={name}) already exists.");
        var id = _experiments.Count.ToString();
        var made = new StubExperiment { Id = id, Name = name, ArtifactLocation = f.Optional("artifact_location") ?? $"mlflow-artifacts:/{id}" };
        foreach (var (key, value) in f.Tags(5000)) made.Tags[key] = value;
        _experiments.Add(made);
        return new() { ["experiment_id"] = id };
    }

    JsonObject GetExperimentByName(StubFields f)
    {
        var name = f.Text("experiment_name");
        return new() { ["experiment"] = Json(_experiments.FirstOrDefault(e => e.Name == name) ?? throw StubError.Missing($"Could not find experiment with name '{name}'")) };
    }

    JsonObject SearchExperiments(StubFields f)
    {
        if (!f.Has("max_results")) throw StubError.Invalid("Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer");
        var found = StubFilter.Apply(_experiments.Where(e => Seen(f.Optional("view_type"), e.Deleted)), f.Optional("filter"),
            (e, field) => field == "name" ? e.Name : Tag(e.Tags, field));
        found = StubFilter.Order(found, f.Texts("order_by"), (e, field) => field == "name" ? e.Name : throw StubError.Invalid($"The stub does not order by '{field}'."));
        return Page("experiments", found, f, 50_000, 1000, Json);
    }

    JsonObject SetExperimentTag(StubFields f)
    {
        var experiment = Active(ExperimentOf(f));
        if (f.Optional("value")?.Length > 5000) throw StubError.Invalid("'value' exceeds the maximum length of 5000 characters");
        experiment.Tags[f.Key()] = f.Optional("value") ?? "";
        return [];
    }

    JsonObject RenameExperiment(StubFields f)
    {
        var experiment = ExperimentOf(f);
        if (experiment.Deleted) throw new StubError(500, "INVALID_STATE", "Cannot rename a non-active experiment.");
        var name = f.Text("new_name");
        if (_experiments.Any(e => e != experiment && e.Name == name)) throw new StubError(400, "BAD_REQUEST", "UNIQUE constraint failed: experiments.name");
        experiment.Name = name;
        return [];
    }

    JsonObject MarkExperiment(StubFields f, bool deleted)
    {
        var experiment = ExperimentOf(f);
        if (experiment.Deleted == deleted) throw StubError.Missing($"No Experiment with id={experiment.Id} exists");
        experiment.Deleted = deleted;
        return [];
    }

    StubExperiment ExperimentOf(StubFields f)
    {
        var id = f.Text("experiment_id");
        return _experiments.FirstOrDefault(e => e.Id == id) ?? throw StubError.Missing($"No Experiment with id={id} exists");
    }

    static StubExperiment Active(StubExperiment experiment) => !experiment.Deleted
        ? experiment : throw StubError.Invalid($"The experiment {experiment.Id} must be in the 'active' state. Current state is deleted.");

    static JsonObject Json(StubExperiment experiment) => Filled(new()
    {
        ["experiment_id"] = experiment.Id,
        ["name"] = experiment.Name,
        ["artifact_location"] = experiment.ArtifactLocation,
        ["lifecycle_stage"] = experiment.Deleted ? "deleted" : "active",
    }, ("tags", Json(experiment.Tags)));

    // What every kind of thing shares.

    static bool Seen(string? view, bool deleted) => view switch
    {
        null or "" or "ACTIVE_ONLY" => !deleted,
        "DELETED_ONLY" => deleted,
        "ALL" => true,
        _ => throw StubError.Invalid($"'{view}' is no view type."),
    };

    static string? Tag(Dictionary<string, string> tags, string field) =>
        field.StartsWith("tags.", StringComparison.Ordinal) ? tags.GetValueOrDefault(field["tags.".Length..]) : throw StubError.Invalid($"The stub does not search by '{field}'.");

    static JsonObject Page<T>(string name, List<T> found, StubFields f, int most, int standard, Func<T, JsonNode> json)
    {
        var (from, count) = f.Page(standard, most);
        var page = Filled([], (name, new JsonArray([.. found.Skip(from).Take(count).Select(json)])));
        if (found.Count > from + count) page["next_page_token"] = (from + count).ToString();
        return page;
    }

    static JsonArray Json(Dictionary<string, string> pairs) =>
        new([.. pairs.Select(pair => (JsonNode)new JsonObject { ["key"] = pair.Key, ["value"] = pair.Value })]);

    // Empty lists are left out.
    static JsonObject Filled(JsonObject json, params (string Key, JsonArray Items)[] lists)
    {
        foreach (var (key, items) in lists)
            if (items.Count > 0) json[key] = items;
        return json;
    }
}
