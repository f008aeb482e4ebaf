using System.Text.Json.Nodes;

namespace Rlhf.Steps.Running;

/// <summary>The three answers of a step.</summary>
public abstract record StepResult
{
    StepResult() { }

    /// <summary>Done: the outputs (scalars and artifact references by name) and the outcome that routes the workflow.</summary>
    public sealed record Completed(JsonObject Outputs, string Outcome = "Done") : StepResult
    {
        /// <summary>True when the outputs are those of an earlier run of the same key.</summary>
        public bool Cached { get; init; }
    }

    /// <summary>
    /// Nothing more can be done before an event or the deadline. The state comes back with the next dispatch; no process is held meanwhile.
    /// </summary>
    public sealed record Waiting(JsonObject State, DateTimeOffset Deadline, string Reason) : StepResult
    {
        public IReadOnlyList<string> Events { get; init; } = [];
    }

    /// <summary>It can't be done: a sentence, and whether a later try may succeed.</summary>
    public sealed record Failed(string Reason, bool Transient) : StepResult
    {
        /// <summary>What comes back with the next try, of which a person may say when it is; null: what the last Waiting answer left.</summary>
        public JsonObject? State { get; init; }
    }
}
