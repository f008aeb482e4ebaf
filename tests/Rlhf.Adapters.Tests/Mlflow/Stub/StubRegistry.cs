using System.Text.Json.Nodes;

namespace Rlhf.Tests.Support;

public sealed partial class StubMlflow
{
    JsonObject CreateModel(StubFields f)
    {
        var name = f.Text("name", 256);
        if (name.Contains('/') || name.Contains(':')) throw StubError.Invalid($"Invalid model name '{name}'. Names cannot contain '/' or ':'.");
        if (_models.Any(m => m.Name == name)) throw StubError.Exists($"Registered Model (name={name}) already exists.");
        var model = new StubModel { Name = name, Description = f.Optional("description", 5000) ?? "" };
        foreach (var (key, value) in f.Tags(5000)) model.Tags[key] = value;
        _models.Add(model);
        return new() { ["registered_model"] = Json(model) };
    }

    JsonObject SearchModels(StubFields f)
    {
        var found = StubFilter.Apply(_models, f.Optional("filter"), (m, field) => field == "name" ? m.Name : Tag(m.Tags, field));
        found = StubFilter.Order([.. found.OrderBy(m => m.Name, StringComparer.Ordinal)], f.Texts("order_by"),
            (m, field) => field == "name" ? m.Name : throw StubError.Invalid($"The stub does not order by '{field}'."));
        return Page("registered_models", found, f, 1000, 100, Json);
    }

    JsonObject DescribeModel(StubFields f)
    {
        ModelOf(f).Description = f.Optional("description", 5000) ?? "";
        return new() { ["registered_model"] = Json(ModelOf(f)) };
    }

    JsonObject DeleteModel(StubFields f)
    {
        _models.Remove(ModelOf(f));
        return [];
    }

    JsonObject SetModelTag(StubFields f)
    {
        ModelOf(f).Tags[f.Key()] = f.Optional("value", 5000) ?? "";
        return [];
    }

    JsonObject DeleteModelTag(StubFields f)
    {
        ModelOf(f).Tags.Remove(f.Key());
        return [];
    }

    JsonObject SetAlias(StubFields f)
    {
        var alias = f.Text("alias", 255);
        if (alias.Equals("latest", StringComparison.OrdinalIgnoreCase)) throw StubError.Invalid("'latest' alias name (case insensitive) is reserved.");
        if (alias.Length > 1 && alias[0] is 'v' or 'V' && alias.Skip(1).All(char.IsDigit)) throw StubError.Invalid($"Version alias name '{alias}' is reserved.");
        if (!alias.All(c => char.IsLetterOrDigit(c) || c is '_' or '-')) throw StubError.Invalid($"Invalid alias name: '{alias}'.");
        ModelOf(f).Aliases[alias] = VersionOf(f).Version;
        return [];
    }

    JsonObject GetByAlias(StubFields f)
    {
        var model = ModelOf(f);
        var alias = f.Text("alias");
        var version = model.Aliases.GetValueOrDefault(alias) ?? throw StubError.Invalid($"Registered model alias {alias} not found.");
        return new() { ["model_version"] = Json(model, model.Versions.First(v => v.Version == version)) };
    }

    JsonObject DeleteAlias(StubFields f)
    {
        ModelOf(f).Aliases.Remove(f.Text("alias"));
        return [];
    }

    JsonObject CreateVersion(StubFields f)
    {
        var model = ModelOf(f);
        var version = new StubVersion
        {
            Version = (++model.Newest).ToString(),
            Source = f.Text("source", 500),
            RunId = f.Optional("run_id") ?? "",
            Description = f.Optional("description", 5000) ?? "",
        };
        foreach (var (key, value) in f.Tags(5000)) version.Tags[key] = value;
        model.Versions.Add(version);
        return new() { ["model_version"] = Json(model, version) };
    }

    JsonObject GetVersion(StubFields f) => new() { ["model_version"] = Json(ModelOf(f), VersionOf(f)) };

    JsonObject SearchVersions(StubFields f)
    {
        var all = _models.SelectMany(m => m.Versions.Select(v => (Model: m, Version: v))).Reverse();
        var found = StubFilter.Apply(all, f.Optional("filter"), (pair, field) => field switch
        {
            "name" => pair.Model.Name,
            "run_id" => pair.Version.RunId,
            "source_path" => pair.Version.Source,
            _ => Tag(pair.Version.Tags, field),
        });
        found = StubFilter.Order(found, f.Texts("order_by"), (pair, field) => field switch
        {
            "version_number" => int.Parse(pair.Version.Version),
            "name" => pair.Model.Name,
            _ => throw StubError.Invalid($"The stub does not order by '{field}'."),
        });
        return Page("model_versions", found, f, 200_000, 10_000, pair => Json(pair.Model, pair.Version));
    }

    JsonObject DescribeVersion(StubFields f)
    {
        VersionOf(f).Description = f.Optional("description", 5000) ?? "";
        return GetVersion(f);
    }

    JsonObject DeleteVersion(StubFields f)
    {
        var (model, version) = (ModelOf(f), VersionOf(f));
        model.Versions.Remove(version);
        foreach (var alias in model.Aliases.Where(a => a.Value == version.Version).Select(a => a.Key).ToList()) model.Aliases.Remove(alias);
        return [];
    }

    JsonObject SetVersionTag(StubFields f)
    {
        VersionOf(f).Tags[f.Key()] = f.Optional("value", 5000) ?? "";
        return [];
    }

    JsonObject DeleteVersionTag(StubFields f)
    {
        VersionOf(f).Tags.Remove(f.Key());
        return [];
    }

    StubModel ModelOf(StubFields f)
    {
        var name = f.Text("name");
        return _models.FirstOrDefault(m => m.Name == name) ?? throw StubError.Missing($"Registered Model with name={name} not found");
    }

    StubVersion VersionOf(StubFields f)
    {
        var version = f.Text("version");
        if (!int.TryParse(version, out _)) throw StubError.Invalid($"Parameter 'version' must be an integer, got '{version}'.");
        return ModelOf(f).Versions.FirstOrDefault(v => v.Version == version)
            ?? throw StubError.Missing($"Model Version (name={f.Text("name")}, version={version}) not found");
    }

    static JsonObject Json(StubModel model) => Filled(new()
    {
        ["name"] = model.Name,
        ["creation_timestamp"] = 1,
        ["last_updated_timestamp"] = 1,
        ["description"] = model.Description,
    }, ("tags", Json(model.Tags)), ("aliases", new([.. model.Aliases.Select(a => (JsonNode)new JsonObject { ["alias"] = a.Key, ["version"] = a.Value })])));

    static JsonObject Json(StubModel model, StubVersion version) => Filled(new()
    {
        ["name"] = model.Name,
        ["version"] = version.Version,
        ["creation_timestamp"] = 1,
        ["last_updated_timestamp"] = 1,
        ["current_stage"] = "None",
        ["description"] = version.Description,
        ["source"] = version.Source,
        ["run_id"] = version.RunId,
        ["status"] = "READY",
        ["run_link"] = "",
    }, ("tags", Json(version.Tags)), ("aliases", new([.. model.Aliases.Where(a => a.Value == version.Version).Select(a => (JsonNode)a.Key)])));
}
