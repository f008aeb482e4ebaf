using System.Text.Json.Nodes;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>Steps that do what the activities of the recorded server did.</summary>
static class StudioSteps
{
    public static IReadOnlyList<IStep> All { get; } = [new Shout(), new MetricGate(), new WaitForJob(), new Flaky()];

    /// <summary>The job whose waiting fails.</summary>
    public const string Bad = "bad";

    public enum GateKind { GreaterThan, LessThan }

    sealed class Shout : IStep
    {
        public sealed record Inputs(string Text = "hi");

        public sealed record Outputs(string Result);

        public StepDescription Description { get; } = new(nameof(Shout), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs), "Says it louder.");

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) =>
            Done(new() { ["result"] = RecordBinding.Bind<Inputs>(inputs, "shout").Text.ToUpperInvariant() });
    }

    sealed class MetricGate : IStep
    {
        public sealed record Inputs(double Value, double Bound = 0.5, GateKind Kind = GateKind.GreaterThan);

        public sealed record Outputs(bool Passed);

        public StepDescription Description { get; } = new(nameof(MetricGate), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs), "Compares.") { Outcomes = ["Pass", "Fail"] };

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
        {
            var (value, bound, kind) = RecordBinding.Bind<Inputs>(inputs, "gate");
            var passed = kind == GateKind.LessThan ? value < bound : value > bound;
            return Done(new() { ["passed"] = passed }, passed ? "Pass" : "Fail");
        }
    }

    sealed class WaitForJob : IStep
    {
        public sealed record Inputs(string JobId);

        public sealed record Outputs(string Result);

        public StepDescription Description { get; } = new(nameof(WaitForJob), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs), "Waits.") { Outcomes = ["Done", "Failed"] };

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) => RecordBinding.Bind<Inputs>(inputs, "wait").JobId == Bad ? Task.FromResult<StepResult>(new StepResult.Failed("the job is lost", Transient: false))
            : context.Execution.State is null
            ? Task.FromResult<StepResult>(new StepResult.Waiting([], TimeProvider.System.GetUtcNow().AddHours(1), "the job") { Events = ["job-done"] })
            : Done(new() { ["result"] = "ok" });
    }

    sealed class Flaky : IStep
    {
        public StepDescription Description { get; } = new(nameof(Flaky), 1, StepKind.Effectful, typeof(NoHParams), typeof(NoHParams), typeof(NoHParams), "Fails the first time.");

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) =>
            Failed.Add(context.Execution.Instance) ? Task.FromResult<StepResult>(new StepResult.Failed("out of GPU memory", Transient: false)) : Done([]);

        HashSet<string> Failed { get; } = [];
    }

    static Task<StepResult> Done(JsonObject outputs, string outcome = "Done") => Task.FromResult<StepResult>(new StepResult.Completed(outputs, outcome));
}
