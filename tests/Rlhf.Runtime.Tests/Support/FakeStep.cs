using System.Text.Json.Nodes;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Support;

/// <summary>
/// A step that does what the test says, and remembers its runs. The text it gives as output names the execution, so that a second run under
/// the same id can be told from a first one under another.
/// </summary>
internal sealed class FakeStep(string name, Func<FakeStep.Inputs, StepExecution, CancellationToken, Task<StepResult>> run, StepKind kind = StepKind.Effectful) : IStep
{
    public sealed record Inputs(string Text, int? Number = null);

    public sealed record Outputs(string? Result = null, int? Length = null);

    public static readonly string[] AllOutcomes = ["Done", "Again", "Other"];

    public FakeStep(string name, Func<Inputs, StepExecution, StepResult> run, StepKind kind = StepKind.Effectful) : this(name, (i, e, _) => Task.FromResult(run(i, e)), kind) { }

    public FakeStep(string name, StepKind kind = StepKind.Effectful) : this(name, (inputs, execution) => Done($"{inputs.Text}@{execution.Activity}"), kind) { }

    public StepDescription Description { get; } =
        new(name, 1, kind, typeof(Inputs), typeof(NoHParams), typeof(Outputs), "A step of a test.") { Outcomes = AllOutcomes };

    public List<StepExecution> Runs { get; } = [];

    public IEnumerable<string> Executions => Runs.Select(r => r.Activity);

    public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
    {
        Runs.Add(context.Execution);
        return run(RecordBinding.Bind<Inputs>(inputs, name), context.Execution, cancellationToken);
    }

    public static StepResult Done(string result, string outcome = "Done") =>
        new StepResult.Completed(new() { ["result"] = result, ["length"] = result.Length }, outcome);
}
