using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>One recorded request and what a real server answered.</summary>
sealed record Exchange(
    int Number, string Note, string Method, string Path, JsonObject Query, IReadOnlyDictionary<string, string> Headers, string? Body,
    int Status, IReadOnlyDictionary<string, string> AnswerHeaders, byte[] Answer)
{
    const string Api = "/api/2.0/mlflow/";

    public bool IsError => Status >= 400;

    /// <summary>The recording has only the beginning of the answer.</summary>
    public bool IsCut => AnswerHeaders.TryGetValue("content-length", out var length) && Status == 200 && long.Parse(length) > Answer.Length && Path.StartsWith(Api, StringComparison.Ordinal);

    /// <summary>The body as an object, or the query; null where the body is neither whole nor JSON.</summary>
    public JsonObject? Fields
    {
        get
        {
            if (string.IsNullOrEmpty(Body) || Method == "PUT") return Query.DeepClone().AsObject();
            try
            {
                return JsonNode.Parse(Body) as JsonObject;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>Method and route with ids as braces, such as <c>PATCH logged-models/{}/tags</c>.</summary>
    public string Route
    {
        get
        {
            var parts = (Path.StartsWith(Api, StringComparison.Ordinal) ? Path[Api.Length..] : Path).Split('?')[0].Split('/').ToList();
            if (parts is ["logged-models", var id, ..] && id.StartsWith("m-", StringComparison.Ordinal)) parts[1] = "{}";
            if (parts is ["logged-models", "{}", "tags", _]) parts[3] = "{}";
            var artifacts = "/api/2.0/mlflow-artifacts/artifacts/";
            return $"{Method} {(Path.StartsWith(artifacts, StringComparison.Ordinal) ? artifacts + "{}" : string.Join('/', parts))}";
        }
    }

    public JsonNode? AnswerJson()
    {
        try
        {
            return JsonNode.Parse(Answer);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The exchanges of a file of the recordings; the test is skipped where they are not.</summary>
    public static IReadOnlyList<Exchange> Load(string file)
    {
        var root = typeof(Exchange).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
        var path = System.IO.Path.Combine(root, "..", "shared", "mlflow", file);
        if (!File.Exists(path)) Assert.Skip($"The recordings of a real MLflow ({file}) are not beside this repository.");
        return [.. File.ReadLines(path).Select(line => Parse(JsonNode.Parse(line)!.AsObject()))];
    }

    static Exchange Parse(JsonObject line)
    {
        var (request, answer) = (line["request"]!.AsObject(), line["response"]!.AsObject());
        var url = (string?)request["path"] ?? (string)request["url"]!;
        var query = request["query"]?.DeepClone().AsObject() ?? QueryOf(url);
        var body = request["body"] switch
        {
            null => null,
            JsonObject json => json.ToJsonString(),
            var text => text.GetValue<string>(),
        };
        var bytes = (string?)answer["body_base64"] is { } encoded ? Convert.FromBase64String(encoded) : Encoding.UTF8.GetBytes((string?)answer["body"] ?? "");
        return new(
            (int)line["n"]!, (string?)line["note"] ?? "", (string)request["method"]!, url.Split('?')[0], query, Texts(request["headers"]!), body,
            (int)answer["status"]!, Texts(answer["headers"]!), bytes);
    }

    static JsonObject QueryOf(string url)
    {
        var query = new JsonObject();
        foreach (var pair in url.Split('?') is [_, var text] ? text.Split('&') : [])
            query[pair.Split('=')[0]] = Uri.UnescapeDataString(pair.Split('=')[1].Replace('+', ' '));
        return query;
    }

    static Dictionary<string, string> Texts(JsonNode headers) =>
        headers.AsObject().ToDictionary(h => h.Key, h => h.Value!.GetValue<string>(), StringComparer.OrdinalIgnoreCase);
}
