using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Tests.Support;

public sealed partial class StubMlflow
{
    const string ArtifactRoute = "/api/2.0/mlflow-artifacts/artifacts";

    /// <summary>Says 500 for a file that is not there, as MLflow 2 does.</summary>
    public bool MissingFileIs500 { get; set; }

    StubAnswer Artifacts(HttpContext context, string path, byte[] body)
    {
        if (path.Split('/').Contains("..")) throw StubError.Invalid("Invalid path");
        switch (context.Request.Method)
        {
            case "PUT" when path.Length > 0:
                _artifacts[path] = body;
                return StubAnswer.Json(200, []);
            case "GET" when path.Length == 0:
                return StubAnswer.Json(200, Filled([], ("files", Listing(context.Request.Query["path"].ToString(), ""))));
            case "GET":
                if (_artifacts.TryGetValue(path, out var file)) return new(200, "application/octet-stream", file, path.Split('/')[^1]);
                return MissingFileIs500 ? StubAnswer.Text(500, "<title>500 Internal Server Error</title>") : throw StubError.Missing($"No such artifact: '{path}'");
            case "DELETE":
                foreach (var gone in _artifacts.Keys.Where(name => name == path || name.StartsWith(path + "/", StringComparison.Ordinal)).ToList()) _artifacts.Remove(gone);
                return StubAnswer.Json(200, []);
            default:
                return StubAnswer.Text(405, "<title>405 Method Not Allowed</title>");
        }
    }

    JsonObject ListArtifacts(StubFields f)
    {
        var run = RunOf(f);
        var root = run.ArtifactUri["mlflow-artifacts:/".Length..];
        var folder = f.Optional("path") ?? "";
        return Filled(new() { ["root_uri"] = run.ArtifactUri }, ("files", Listing(folder.Length == 0 ? root : $"{root}/{folder}", folder.Length == 0 ? "" : folder + "/")));
    }

    JsonArray Listing(string folder, string prefix)
    {
        var start = folder.Length == 0 ? "" : folder.TrimEnd('/') + "/";
        var entries = _artifacts.Where(file => file.Key.StartsWith(start, StringComparison.Ordinal)).GroupBy(file => file.Key[start.Length..].Split('/')[0]);
        return new([.. entries.Select(entry =>
        {
            var json = new JsonObject { ["path"] = prefix + entry.Key, ["is_dir"] = !_artifacts.ContainsKey(start + entry.Key) };
            if (_artifacts.TryGetValue(start + entry.Key, out var content)) json["file_size"] = content.Length;
            return (JsonNode)json;
        })]);
    }
}
