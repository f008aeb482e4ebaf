using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Interpreter;

/// <summary>What an event led to: the next state, what is to be done, and what happened.</summary>
public sealed record Transition(WorkflowState State, IReadOnlyList<WorkflowCommand> Commands, IReadOnlyList<LogEntry> Log);

/// <summary>Something to be done outside the interpreter, once the transition is stored.</summary>
public abstract record WorkflowCommand
{
    WorkflowCommand() { }

    /// <summary>Run a step; the execution id keys what it does to the world.</summary>
    public sealed record RunStep(string Execution, string Activity, string Step, JsonObject Inputs) : WorkflowCommand;

    /// <summary>Show a line of text.</summary>
    public sealed record WriteLine(string Text) : WorkflowCommand;

    /// <summary>The instance has ended.</summary>
    public sealed record Finish(WorkflowStatus Status) : WorkflowCommand;

    /// <summary>
    /// Start an instance of another definition under the id <paramref name="Child"/>; where <paramref name="Wait"/> is true its end is to be
    /// told by <see cref="ChildEnded"/>. The id follows from instance and execution, so that a repeated command starts nothing twice.
    /// </summary>
    public sealed record StartChild(string Execution, string Child, string DefinitionId, JsonObject Inputs, bool Wait) : WorkflowCommand
    {
        /// <summary>32 hexadecimal digits in lower case.</summary>
        public static string IdOf(string instance, string execution) =>
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{instance}/{execution}")))[..32];
    }

    /// <summary>Tell every instance, this one included, that something with a name happened.</summary>
    public sealed record PublishEvent(string Name, JsonNode? Payload) : WorkflowCommand
    {
        /// <summary>Tell this instance only.</summary>
        public bool Local { get; init; }
    }

    /// <summary>Cancel a child that nobody waits for any more.</summary>
    public sealed record CancelChild(string Child) : WorkflowCommand;
}

/// <summary>What happened to an activity execution. Retrying: an attempt failed and another follows.</summary>
public enum LogEvent { Started, Completed, Waiting, Retrying, Resumed, Faulted, Changed, Cancelled }

/// <summary>
/// One line of an instance's log. Outcomes are null where the activity has only the plain one; seconds are those a step ran since it was
/// last dispatched, so that the seconds of a step are the sum over its lines.
/// </summary>
public sealed record LogEntry(int Sequence, string Execution, string Activity, string NodePath, LogEvent Event, DateTimeOffset At)
{
    public JsonObject? Inputs { get; init; }

    public JsonObject? Outputs { get; init; }

    public IReadOnlyList<string>? Outcomes { get; init; }

    /// <summary>Why it waits, is tried again or failed; where it completed, what it noticed, one sentence a line; where it was changed, who changed what.</summary>
    public string? Message { get; init; }

    public double? Seconds { get; init; }

    /// <summary>True where a step's outputs are those of an earlier run of the same key.</summary>
    public bool Cached { get; init; }
}
