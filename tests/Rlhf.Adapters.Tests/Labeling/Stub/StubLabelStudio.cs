using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Tests.Support;

/// <summary>
/// Label Studio's projects, tasks and annotations by the shapes of its API; refuses what the real one refuses, and every member that it does not know. Titles and
/// tasks may be there twice, as there.
/// </summary>
public sealed class StubLabelStudio : StubTool
{
    public const string Legacy = "0123456789abcdef0123456789abcdef01234567", Personal = "eyJh.eyJ0.c2ln";
    const int MostOnPage = 100;

    int _number;
    int _access;

    public List<JsonObject> Projects { get; } = [];

    public List<JsonObject> Tasks { get; } = [];

    /// <summary>True for a server that imports after it has answered, done when it was asked for twice.</summary>
    public bool ImportsLater { get; set; }

    /// <summary>How often an access token is good; then it has run out.</summary>
    public int AccessLasts { get; set; } = int.MaxValue;

    readonly Dictionary<int, (int Asked, JsonArray Tasks, JsonObject Project)> _imports = [];

    public static async Task<StubLabelStudio> OpenAsync()
    {
        var stub = new StubLabelStudio();
        await stub.StartAsync();
        return stub;
    }

    /// <summary>Somebody answers a task, or skips it; returns the annotation.</summary>
    public JsonObject Annotate(JsonObject task, JsonNode user, string? choice, bool skipped = false, double? seconds = 4.5, string? comment = null)
    {
        lock (Gate)
        {
            var result = new JsonArray();
            if (choice is not null) result.Add(new JsonObject { ["id"] = $"r{++_number}", ["from_name"] = "preference", ["to_name"] = "prompt", ["type"] = "choices", ["value"] = new JsonObject { ["choices"] = new JsonArray(choice) } });
            if (comment is not null) result.Add(new JsonObject { ["id"] = $"r{++_number}", ["from_name"] = "comment", ["to_name"] = "prompt", ["type"] = "textarea", ["value"] = new JsonObject { ["text"] = new JsonArray(comment) } });
            var annotation = new JsonObject
            {
                ["id"] = ++_number,
                ["completed_by"] = user,
                ["result"] = result,
                ["was_cancelled"] = skipped,
                ["ground_truth"] = false,
                ["lead_time"] = seconds,
                ["created_at"] = Time(),
                ["updated_at"] = Time(),
                ["task"] = task["id"]!.GetValue<int>(),
                ["draft_created_at"] = null,
            };
            task["annotations"]!.AsArray().Add(annotation);
            return annotation;
        }
    }

    /// <summary>Changes what was answered.</summary>
    public void Update(JsonObject annotation, string choice)
    {
        lock (Gate)
        {
            annotation["result"]![0]!["value"]!["choices"] = new JsonArray(choice);
            annotation["updated_at"] = Time();
        }
    }

    /// <summary>Somebody's own task.</summary>
    public void AddTask(JsonObject project, JsonObject data)
    {
        lock (Gate) Tasks.Add(NewTask(project, data));
    }

    protected override StubReply Carry(HttpRequest request, string path, JsonNode? body)
    {
        if ((request.Method, path) == ("POST", "/api/token/refresh/"))
        {
            if ($"{body?["refresh"]}" != Personal) return Refused(401, "Token is invalid");
            _access++;
            _used = 0;
            return Ok(new JsonObject { ["access"] = $"access-{_access}" });
        }
        if (!IsKnown($"{request.Headers.Authorization}")) return Refused(401, "Authentication credentials were not provided.");
        switch (request.Method, path.Trim('/').Split('/'))
        {
            case ("GET", ["api", "projects"]): return ListProjects(request);
            case ("POST", ["api", "projects"]): return Create(body!.AsObject());
            case ("DELETE", ["api", "projects", var id]): return Projects.RemoveAll(p => $"{p["id"]}" == id) > 0 ? new(204, null) : Refused(404, "Not found.");
            case ("POST", ["api", "projects", var id, "import"]) when Projects.Find(p => $"{p["id"]}" == id) is { } project: return Import(project, body!.AsArray());
            case ("GET", ["api", "projects", _, "imports", var import]): return ImportStatus(int.Parse(import, CultureInfo.InvariantCulture));
            case ("GET", ["api", "tasks"]): return ListTasks(request);
            case ("DELETE", ["api", "tasks", var id]): return Tasks.RemoveAll(t => $"{t["id"]}" == id) > 0 ? new(204, null) : Refused(404, "Not found.");
            default: return Refused(404, "Not found.");
        }
    }

    int _used;

    bool IsKnown(string authorization)
    {
        if (authorization == $"Token {Legacy}") return true;
        return authorization == $"Bearer access-{_access}" && _used++ < AccessLasts;
    }

    StubReply Create(JsonObject body)
    {
        string[] known = ["title", "description", "label_config", "expert_instruction", "show_instruction", "show_skip_button", "enable_empty_annotation", "maximum_annotations", "sampling", "skip_queue", "show_overlap_first", "workspace"];
        if (Wrong(body, ["title", "label_config"], known) is { } wrong) return Refused(400, wrong);
        if ($"{body["title"]}".Length is < 3 or > 50) return Refused(400, "title has 3 to 50 characters");
        if ($"{body["sampling"]}" is not ("Sequential sampling" or "Uniform sampling" or "Uncertainty sampling")) return Refused(400, "sampling");
        if ($"{body["skip_queue"]}" is not ("REQUEUE_FOR_ME" or "REQUEUE_FOR_OTHERS" or "IGNORE_SKIPPED")) return Refused(400, "skip_queue");
        XElement config;
        try
        {
            config = XElement.Parse($"{body["label_config"]}");
        }
        catch (System.Xml.XmlException)
        {
            return Refused(400, "label_config");
        }
        var names = config.Descendants().Select(e => e.Attribute("name")?.Value).OfType<string>().ToList();
        if (names.Distinct().Count() != names.Count || config.Descendants().Any(e => e.Attribute("toName") is { } to && !names.Contains(to.Value))) return Refused(400, "Label config contains non-unique names or an unknown toName");
        var project = body.DeepClone().AsObject();
        (project["id"], project["created_at"], project["created_by"], project["is_published"]) = (++_number, Time(), new JsonObject { ["id"] = 1, ["email"] = "olga@example.com" }, false);
        Projects.Add(project);
        return Created(WithCounts(project));
    }

    StubReply ListProjects(HttpRequest request)
    {
        var (page, size) = (Number(request, "page", 1), Math.Min(Number(request, "page_size", 30), MostOnPage));
        // The newest first, and what contains the title.
        var all = Projects.Where(p => request.Query["title"].Count == 0 || $"{p["title"]}".Contains($"{request.Query["title"]}", StringComparison.OrdinalIgnoreCase)).Reverse().ToList();
        if (page > 1 && (page - 1) * size >= all.Count) return Refused(404, "Invalid page.");
        return Ok(new JsonObject { ["count"] = all.Count, ["next"] = null, ["previous"] = null, ["results"] = new JsonArray([.. all.Skip((page - 1) * size).Take(size).Select(WithCounts)]) });
    }

    StubReply Import(JsonObject project, JsonArray tasks)
    {
        foreach (var task in tasks)
        {
            if (task is not JsonObject { } fields || Wrong(fields, ["data"], "annotations", "predictions", "meta") is not null || fields["data"] is not JsonObject data) return Refused(400, "Validation error");
            var variables = XElement.Parse($"{project["label_config"]}").Descendants().Select(e => e.Attribute("value")?.Value).OfType<string>().Where(v => v.StartsWith('$')).Select(v => v[1..]);
            if (variables.FirstOrDefault(v => data[v] is null) is { } missing) return Refused(400, $"\"{missing}\" key is expected in task data");
            if (data.Any(d => $"{d.Value}".Contains('\0', StringComparison.Ordinal))) return Refused(500, "unsupported Unicode escape sequence");
        }
        if (ImportsLater)
        {
            _imports[++_number] = (0, tasks.DeepClone().AsArray(), project);
            return Created(new JsonObject { ["import"] = _number });
        }
        var made = Put(project, tasks);
        return Created(new JsonObject
        {
            ["task_count"] = made.Count,
            ["annotation_count"] = 0,
            ["prediction_count"] = 0,
            ["duration"] = 0.1,
            ["file_upload_ids"] = new JsonArray(),
            ["could_be_tasks_list"] = false,
            ["found_formats"] = new JsonArray(),
            ["data_columns"] = new JsonArray(),
            ["task_ids"] = new JsonArray([.. made.Select(m => (JsonNode)m["id"]!.GetValue<int>())]),
        });
    }

    StubReply ImportStatus(int import)
    {
        if (!_imports.TryGetValue(import, out var pending)) return Refused(404, "Not found.");
        _imports[import] = pending with { Asked = pending.Asked + 1 };
        if (pending.Asked == 1) Put(pending.Project, pending.Tasks);
        return Ok(new JsonObject { ["id"] = import, ["status"] = pending.Asked == 0 ? "in_progress" : "completed", ["error"] = null, ["task_count"] = pending.Tasks.Count });
    }

    StubReply ListTasks(HttpRequest request)
    {
        if (request.Query["fields"] != "all" || request.Query["project"].Count != 1) return Refused(400, "fields and project");
        var (page, size) = (Number(request, "page", 1), Math.Min(Number(request, "page_size", 30), MostOnPage));
        var all = Tasks.Where(t => $"{t["project"]}" == request.Query["project"]).ToList();
        if (page > 1 && (page - 1) * size >= all.Count) return Refused(404, "Invalid page.");
        return Ok(new JsonObject
        {
            ["tasks"] = new JsonArray([.. all.Skip((page - 1) * size).Take(size).Select(t => t.DeepClone())]),
            ["total"] = all.Count,
            ["total_annotations"] = all.Sum(t => t["annotations"]!.AsArray().Count),
            ["total_predictions"] = 0,
        });
    }

    List<JsonObject> Put(JsonObject project, JsonArray tasks)
    {
        var made = tasks.Select(t => NewTask(project, t!["data"]!.AsObject())).ToList();
        Tasks.AddRange(made);
        return made;
    }

    JsonObject NewTask(JsonObject project, JsonObject data) => new()
    {
        ["id"] = ++_number,
        ["project"] = project["id"]!.GetValue<int>(),
        ["data"] = data.DeepClone(),
        ["annotations"] = new JsonArray(),
        ["predictions"] = new JsonArray(),
        ["drafts"] = new JsonArray(),
        ["created_at"] = Time(),
        ["updated_at"] = Time(),
        ["is_labeled"] = false,
        ["overlap"] = 1,
    };

    JsonObject WithCounts(JsonObject project)
    {
        var counted = project.DeepClone().AsObject();
        counted["task_number"] = Tasks.Count(t => $"{t["project"]}" == $"{project["id"]}");
        return counted;
    }

    static int Number(HttpRequest request, string key, int otherwise) => request.Query[key] is [{ } text] ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    string Time() => Tick().ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
