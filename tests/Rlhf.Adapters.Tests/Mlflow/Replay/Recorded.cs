using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>The client has no way to send what was recorded.</summary>
sealed class NotOursException(string reason) : Exception(reason);

/// <summary>
/// The fields of a recorded request as arguments for the client; or, as a stand-in for a request that it cannot send, any fields that are
/// right.
/// </summary>
sealed class Recorded(Exchange exchange, bool standIn = false)
{
    readonly JsonObject _fields = standIn ? [] : exchange.Fields ?? throw new NotOursException("the body is not JSON, or was not recorded");
    readonly HashSet<string> _read = ["page_token", "user_id", "run_uuid"];

    /// <summary>The parts of the path, such as a LoggedModel's id.</summary>
    public string Part(int fromEnd) => standIn ? "m-1" : exchange.Path.Split('/')[^fromEnd];

    /// <summary>What was recorded and the client has no place for.</summary>
    public IEnumerable<string> Unread => _fields.Select(f => f.Key).Where(key => !_read.Contains(key));

    public string Text(string key) => standIn ? "1" : OrNull(key) ?? throw new NotOursException($"{key} is missing");

    public string? OrNull(string key)
    {
        if (standIn) return null;
        _read.Add(key);
        // Old clients say run_uuid.
        var node = _fields[key] ?? (key == "run_id" ? _fields["run_uuid"] : null);
        return node is null ? null : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : throw new NotOursException($"{key} is no text");
    }

    public long? Integer(string key)
    {
        if (standIn) return null;
        _read.Add(key);
        if (_fields[key] is not { } node) return null;
        var text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value : throw new NotOursException($"{key} is no int64");
    }

    public int PageSize(int standard) => (int)(Integer("max_results") ?? standard);

    public IReadOnlyList<string>? Texts(string key)
    {
        if (standIn) return null;
        _read.Add(key);
        return _fields[key] switch
        {
            null => null,
            JsonArray many => [.. many.Select(item => item?.GetValueKind() == JsonValueKind.String ? item.GetValue<string>() : throw new NotOursException($"{key} holds no texts"))],
            var one => [one.ToString()],
        };
    }

    public MlflowView View(string key) => OrNull(key) switch
    {
        null or "ACTIVE_ONLY" => MlflowView.ActiveOnly,
        "DELETED_ONLY" => MlflowView.DeletedOnly,
        "ALL" => MlflowView.All,
        var other => throw new NotOursException($"{other} is no view"),
    };

    public MlflowRunStatus? Status() => OrNull("status") switch
    {
        null => null,
        var text => Enum.TryParse<MlflowRunStatus>(text, ignoreCase: true, out var status) ? status : throw new NotOursException($"{text} is no status"),
    };

    public MlflowMetric Metric() => standIn ? new("k", 1, 1) : Object<MlflowMetric>(Whole("key", "value", "timestamp", "step"), "key", "value", "timestamp");

    public MlflowParam Param() => standIn ? new("k", "v") : Object<MlflowParam>(Whole("key", "value"), "key", "value");

    public MlflowTag Tag() => standIn ? new("k", "v") : Object<MlflowTag>(Whole("key", "value"), "key", "value");

    public IReadOnlyList<MlflowTag> Tags() => List<MlflowTag>("tags", "key", "value");

    // Nothing is sent for an empty batch, or for no datasets; what stands in must be sent.
    public IReadOnlyList<MlflowParam> Params() => standIn ? [Param()] : List<MlflowParam>("params", "key", "value");

    public IReadOnlyList<MlflowDatasetInput> Datasets() => standIn
        ? [new() { Dataset = new() { Name = "n", Digest = "d", SourceType = "t", Source = "{}" } }] : List<MlflowDatasetInput>("datasets", "dataset");

    public IReadOnlyList<T> List<T>(string key, params string[] needed)
    {
        if (standIn) return [];
        _read.Add(key);
        return _fields[key] switch
        {
            null => [],
            JsonArray items => [.. items.Select(item => Object<T>(item as JsonObject ?? throw new NotOursException($"{key} holds no objects"), needed))],
            _ => throw new NotOursException($"{key} is no list"),
        };
    }

    /// <summary>The URI of what the path is below, and the path below it.</summary>
    public (string Uri, string Path) Artifact()
    {
        if (standIn) return ("mlflow-artifacts:/1/r/artifacts", "x");
        var parts = exchange.Path["/api/2.0/mlflow-artifacts/artifacts/".Length..].Split("/artifacts/", 2);
        if (parts.Length < 2) throw new NotOursException("the path is in no run's artifacts");
        return ($"mlflow-artifacts:/{parts[0]}/artifacts", Uri.UnescapeDataString(parts[1]));
    }

    /// <summary>The recorded bytes, or as many.</summary>
    public MemoryStream Content() => new(exchange.Body is ['<', .. var size, ' ', 'b', 'y', 't', 'e', 's', '>'] ? new byte[int.Parse(size)] : Encoding.UTF8.GetBytes(exchange.Body ?? ""));

    JsonObject Whole(params string[] keys)
    {
        foreach (var key in keys) _read.Add(key);
        return new(keys.Where(k => _fields[k] is not null).Select(k => KeyValuePair.Create(k, _fields[k]!.DeepClone()))!);
    }

    static T Object<T>(JsonObject json, params string[] needed)
    {
        foreach (var key in needed)
            if (json[key] is null) throw new NotOursException($"{key} is missing");
        try
        {
            return json.Deserialize<T>(MlflowJson.Options)!;
        }
        catch (JsonException e)
        {
            throw new NotOursException(e.Message);
        }
    }
}
