using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Steps.Json;

namespace Rlhf.Runtime.Store;

/// <summary>A line of the log as a row; what is JSON in the line is text here.</summary>
internal sealed class LogRow
{
    public required string InstanceId { get; init; }
    public required int Sequence { get; init; }
    public required string Execution { get; init; }
    public required string Activity { get; init; }
    public required string NodePath { get; init; }
    public required string Event { get; init; }
    public required DateTimeOffset At { get; init; }
    public string? Inputs { get; init; }
    public string? Outputs { get; init; }
    public string? Outcomes { get; init; }
    public string? Message { get; init; }
    public double? Seconds { get; init; }
    public bool Cached { get; init; }

    public static LogRow Of(string instance, LogEntry entry) => new()
    {
        InstanceId = instance,
        Sequence = entry.Sequence,
        Execution = entry.Execution,
        Activity = entry.Activity,
        NodePath = entry.NodePath,
        Event = entry.Event.ToString(),
        At = entry.At,
        Inputs = entry.Inputs?.ToJsonString(),
        Outputs = entry.Outputs?.ToJsonString(),
        Outcomes = entry.Outcomes is null ? null : Encoding.UTF8.GetString(CanonicalJson.Serialize(entry.Outcomes)),
        Message = entry.Message,
        Seconds = entry.Seconds,
        Cached = entry.Cached,
    };

    public LogEntry ToEntry() => new(Sequence, Execution, Activity, NodePath, Enum.Parse<LogEvent>(Event), At)
    {
        Inputs = Inputs is null ? null : JsonNode.Parse(Inputs)!.AsObject(),
        Outputs = Outputs is null ? null : JsonNode.Parse(Outputs)!.AsObject(),
        Outcomes = Outcomes is null ? null : CanonicalJson.Deserialize<List<string>>(Encoding.UTF8.GetBytes(Outcomes), "The outcomes of a log line"),
        Message = Message,
        Seconds = Seconds,
        Cached = Cached,
    };
}
