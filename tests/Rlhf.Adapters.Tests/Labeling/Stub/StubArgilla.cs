using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Tests.Support;

/// <summary>Argilla's datasets, fields, questions, records and responses by the shapes of its API, version 1; refuses what the real one refuses, and every member that it does not know.</summary>
public sealed partial class StubArgilla : StubTool
{
    public const string Key = "argilla.apikey";
    const int MostInBulk = 500, MostOnPage = 1000, LongestGuidelines = 10_000;

    readonly string _workspace = $"{Guid.NewGuid()}";

    public List<Dataset> Datasets { get; } = [];

    public sealed class Dataset(JsonObject body)
    {
        public JsonObject Body { get; } = body;
        public string Name => $"{Body["name"]}";
        public List<JsonObject> Fields { get; } = [];
        public List<JsonObject> Questions { get; } = [];
        public List<JsonObject> Records { get; } = [];
    }

    public static async Task<StubArgilla> OpenAsync()
    {
        var stub = new StubArgilla();
        await stub.StartAsync();
        return stub;
    }

    /// <summary>Somebody says something of a record, or something else than before; returns the response.</summary>
    public JsonObject Respond(JsonObject record, string user, string? choice, string status = "submitted", string? comment = null)
    {
        lock (Gate)
        {
            var responses = record["responses"]!.AsArray();
            var there = responses.FirstOrDefault(r => $"{r!["user_id"]}" == user)?.AsObject();
            if (there is null)
            {
                there = new JsonObject { ["id"] = $"{Guid.NewGuid()}", ["values"] = null, ["status"] = status, ["record_id"] = $"{record["id"]}", ["user_id"] = user, ["inserted_at"] = Time() };
                responses.Add(there);
            }
            var values = new JsonObject();
            if (choice is not null) values["preference"] = new JsonObject { ["value"] = choice };
            if (comment is not null) values["comment"] = new JsonObject { ["value"] = comment };
            (there["values"], there["status"], there["updated_at"]) = (values.Count == 0 ? null : values, status, Time());
            return there;
        }
    }

    /// <summary>Somebody's own record.</summary>
    public JsonObject AddRecord(Dataset dataset, string? externalId, JsonObject fields)
    {
        lock (Gate)
        {
            var record = NewRecord(dataset, externalId, fields);
            dataset.Records.Add(record);
            return record;
        }
    }

    protected override StubReply Carry(HttpRequest request, string path, JsonNode? body)
    {
        if (request.Headers["X-Argilla-Api-Key"] != Key) return Refused(401, "Could not validate credentials");
        var (method, fields) = (request.Method, body as JsonObject);
        if (!path.StartsWith("/api/v1/", StringComparison.Ordinal)) return Refused(404, "Not Found");
        switch (method, path["/api/v1/".Length..].Split('/'))
        {
            case ("GET", ["me"]):
                return Ok(new JsonObject { ["id"] = $"{Guid.Empty}", ["username"] = "olga", ["role"] = "owner", ["first_name"] = "Olga" });
            case ("GET", ["me", "workspaces"]):
                return Ok(Items([new JsonObject { ["id"] = _workspace, ["name"] = "team", ["inserted_at"] = Time(), ["updated_at"] = Time() }]));
            case ("GET", ["me", "datasets"]):
                return Ok(Items(Datasets.Where(d => $"{d.Body["workspace_id"]}" == request.Query["workspace_id"] && (request.Query["name"].Count == 0 || d.Name == request.Query["name"])).Select(d => d.Body)));
            case ("POST", ["datasets"]):
                return Create(fields!);
        }
        if (path["/api/v1/".Length..].Split('/') is not ["datasets", var id, .. var rest] || Datasets.Find(d => $"{d.Body["id"]}" == id) is not { } dataset) return Refused(404, "Dataset not found");
        return (method, rest) switch
        {
            ("GET", []) => Ok(dataset.Body.DeepClone()),
            ("GET", ["fields"]) => Ok(Items(dataset.Fields)),
            ("GET", ["questions"]) => Ok(Items(dataset.Questions)),
            ("POST", ["fields"]) => Add(dataset, dataset.Fields, fields!, ["text", "chat", "image", "custom"]),
            ("POST", ["questions"]) => Add(dataset, dataset.Questions, fields!, ["label_selection", "text", "rating", "ranking"]),
            ("PUT", ["publish"]) => Publish(dataset),
            ("PUT", ["records", "bulk"]) => Upsert(dataset, fields!),
            ("GET", ["records"]) => List(dataset, request),
            _ => Refused(404, "Not Found"),
        };
    }

    StubReply Create(JsonObject body)
    {
        if (Wrong(body, ["name", "workspace_id"], "guidelines", "allow_extra_metadata", "distribution") is { } wrong) return Refused(422, wrong);
        if ($"{body["name"]}".Length is < 1 or > 200) return Refused(422, "name has 1 to 200 characters");
        if (body["guidelines"] is { } guidelines && $"{guidelines}".Length is < 1 or > LongestGuidelines) return Refused(422, "guidelines have 1 to 10000 characters");
        if (body["distribution"] is not JsonObject { Count: 2 } distribution || $"{distribution["strategy"]}" != "overlap" || distribution["min_submitted"]!.GetValue<int>() < 1) return Refused(422, "distribution");
        if ($"{body["workspace_id"]}" != _workspace) return Refused(422, "Workspace not found");
        if (Datasets.Any(d => d.Name == $"{body["name"]}")) return Refused(409, $"Dataset with name `{body["name"]}` already exists for workspace");
        var dataset = body.DeepClone().AsObject();
        (dataset["id"], dataset["status"], dataset["inserted_at"], dataset["updated_at"], dataset["last_activity_at"]) = ($"{Guid.NewGuid()}", "draft", Time(), Time(), Time());
        Datasets.Add(new(dataset));
        return Created(dataset.DeepClone());
    }

    StubReply Add(Dataset dataset, List<JsonObject> parts, JsonObject body, string[] types)
    {
        if ($"{dataset.Body["status"]}" != "draft") return Refused(422, "cannot be created for a published dataset");
        if (Wrong(body, ["name", "title", "settings"], "required", "description") is { } wrong) return Refused(422, wrong);
        if (!Name().IsMatch($"{body["name"]}")) return Refused(422, "name does not match");
        if (parts.Any(p => $"{p["name"]}" == $"{body["name"]}")) return Refused(409, $"`{body["name"]}` already exists for dataset");
        var settings = body["settings"]!.AsObject();
        if (!types.Contains($"{settings["type"]}")) return Refused(422, "type");
        if ($"{settings["type"]}" == "label_selection")
        {
            if (Wrong(settings, ["type", "options"], "visible_options") is { } bad) return Refused(422, bad);
            var options = settings["options"]!.AsArray();
            if (options.Count < 2 || options.Select(o => $"{o!["value"]}").Distinct().Count() != options.Count || options.Any(o => Wrong(o!.AsObject(), ["value", "text"], "description") is not null)) return Refused(422, "options");
            if (settings["visible_options"] is { } visible && (visible.GetValue<int>() < 3 || visible.GetValue<int>() > options.Count)) return Refused(422, "visible_options");
        }
        else if (Wrong(settings, ["type"], "use_markdown") is { } bad) return Refused(422, bad);
        var part = body.DeepClone().AsObject();
        (part["id"], part["dataset_id"], part["inserted_at"], part["updated_at"]) = ($"{Guid.NewGuid()}", $"{dataset.Body["id"]}", Time(), Time());
        parts.Add(part);
        return Created(part.DeepClone());
    }

    static StubReply Publish(Dataset dataset)
    {
        if ($"{dataset.Body["status"]}" == "ready") return Refused(422, "Dataset is already published");
        if (!dataset.Fields.Any(f => f["required"]?.GetValue<bool>() == true)) return Refused(422, "Dataset cannot be published without required fields");
        if (!dataset.Questions.Any(q => q["required"]?.GetValue<bool>() == true)) return Refused(422, "Dataset cannot be published without required questions");
        dataset.Body["status"] = "ready";
        return Ok(dataset.Body.DeepClone());
    }

    StubReply Upsert(Dataset dataset, JsonObject body)
    {
        if ($"{dataset.Body["status"]}" != "ready") return Refused(422, "Records cannot be upserted for a non published dataset");
        if (Wrong(body, ["items"]) is { } wrong) return Refused(422, wrong);
        var items = body["items"]!.AsArray();
        if (items.Count is < 1 or > MostInBulk) return Refused(422, $"ensure this value has at least 1 and at most {MostInBulk} items");
        if (items.Select(i => $"{i!["external_id"]}").Distinct().Count() != items.Count) return Refused(422, "External IDs must be unique");
        foreach (var item in items)
        {
            if (Wrong(item!.AsObject(), ["fields"], "id", "external_id", "metadata", "suggestions", "responses", "vectors") is { } bad) return Refused(422, bad);
            var fields = item["fields"]!.AsObject();
            if (dataset.Fields.FirstOrDefault(f => fields[$"{f["name"]}"] is null) is { } missing) return Refused(422, $"missing required value for field: {missing["name"]}");
            if (fields.FirstOrDefault(f => !dataset.Fields.Exists(d => $"{d["name"]}" == f.Key)) is { Key: { } extra }) return Refused(422, $"found fields values for non configured fields: {extra}");
            if (item["metadata"] is JsonObject { Count: > 0 } && !dataset.Body["allow_extra_metadata"]!.GetValue<bool>()) return Refused(422, "metadata");
            if (fields.Any(f => f.Value!.GetValue<string>().Contains('\0', StringComparison.Ordinal))) return Refused(500, "invalid byte sequence for encoding \"UTF8\": 0x00");
        }
        var updated = new JsonArray();
        var records = new JsonArray();
        foreach (var item in items)
        {
            var there = dataset.Records.Find(r => $"{r["external_id"]}" == $"{item!["external_id"]}");
            if (there is not null) updated.Add($"{there["id"]}");
            else dataset.Records.Add(there = NewRecord(dataset, $"{item!["external_id"]}", item["fields"]!.AsObject()));
            var record = there.DeepClone().AsObject();
            record.Remove("responses");
            records.Add(record);
        }
        return Ok(new JsonObject { ["items"] = records, ["updated_item_ids"] = updated });
    }

    static StubReply List(Dataset dataset, HttpRequest request)
    {
        var (offset, limit) = (Number(request, "offset", 0), Number(request, "limit", 50));
        if (limit is < 1 or > MostOnPage || offset < 0) return Refused(422, "limit");
        if (request.Query.Keys.FirstOrDefault(k => k is not ("offset" or "limit" or "include" or "sort_by")) is { } unknown) return Refused(422, unknown);
        var responses = request.Query["include"].Contains("responses");
        var page = dataset.Records.Skip(offset).Take(limit).Select(r =>
        {
            var record = r.DeepClone().AsObject();
            if (!responses) record.Remove("responses");
            return record;
        });
        var list = Items(page);
        list["total"] = dataset.Records.Count;
        return Ok(list);
    }

    static int Number(HttpRequest request, string key, int otherwise) => request.Query[key] is [{ } text] ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    JsonObject NewRecord(Dataset dataset, string? externalId, JsonObject fields) => new()
    {
        ["id"] = $"{Guid.NewGuid()}",
        ["status"] = "pending",
        ["fields"] = fields.DeepClone(),
        ["metadata"] = null,
        ["external_id"] = externalId,
        ["responses"] = new JsonArray(),
        ["dataset_id"] = $"{dataset.Body["id"]}",
        ["inserted_at"] = Time(),
        ["updated_at"] = Time(),
    };

    static JsonObject Items(IEnumerable<JsonNode> items) => new() { ["items"] = new JsonArray([.. items.Select(i => i.DeepClone())]) };

    // As Argilla writes it: UTC, without saying so.
    string Time() => Tick().ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?=.*[a-z0-9])[a-z0-9_-]+$")]
    private static partial Regex Name();
}
