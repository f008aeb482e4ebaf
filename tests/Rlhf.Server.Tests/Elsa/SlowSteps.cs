using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Reports a quarter and then waits until it may go on.</summary>
sealed class SlowStep : IStep
{
    public sealed record Outputs(ArtifactRef Decision);

    public TaskCompletionSource Go { get; } = new();

    public StepDescription Description { get; } = new("Slow", 1, StepKind.Effectful, typeof(NoHParams), typeof(NoHParams), typeof(Outputs), "Takes its time.");

    public async Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
    {
        context.Progress(0.25, "a quarter");
        context.Journal.Log(1, new Dictionary<string, double> { ["loss"] = 1.5 });
        await Go.Task.WaitAsync(cancellationToken);
        return new StepResult.Completed(new() { ["decision"] = $"decision/{new string('d', 64)}" });
    }
}

/// <summary>Waits for people at the desk.</summary>
sealed class DeskStep : IStep
{
    public const string Request = "some-questions";

    public StepDescription Description { get; } = new("People", 1, StepKind.Effectful, typeof(NoHParams), typeof(NoHParams), typeof(NoHParams), "Asks people.");

    public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) => Task.FromResult<StepResult>(
        new StepResult.Waiting([], TimeProvider.System.GetUtcNow().AddHours(1), "people") { Events = [DeskLabeler.EventPrefix + Request] });
}
