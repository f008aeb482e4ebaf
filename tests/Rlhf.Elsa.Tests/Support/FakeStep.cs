using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using Rlhf.Steps.Running;

namespace Rlhf.Elsa.Tests.Support;

/// <summary>A step whose answers the test gives; it takes and gives one value of each kind.</summary>
sealed class FakeStep(Func<StepExecution, JsonObject, CancellationToken, Task<StepResult>> answer) : IStep
{
    public sealed record Inputs([property: Description("A text.")] string Text, [property: Description("A whole number.")] int? Number = null);

    public enum Mode { Plain, Loud }

    public sealed record HParams([property: Range(0.0, 1.0), Description("A share.")] double Share = 0.5, Mode Mode = Mode.Plain, bool Flag = false)
    {
        public HParams() : this(0.5) { }
    }

    public sealed record Outputs(string Text, long Count, double Share, bool Flag);

    public static readonly StepDescription Contract = new("Fake", 3, StepKind.Effectful, typeof(Inputs), typeof(HParams), typeof(Outputs), "Does what a test says.")
    {
        Outcomes = ["Yes", "No"],
        Retry = new(3, TimeSpan.FromMilliseconds(200), 1, TimeSpan.FromSeconds(1)),
    };

    public StepDescription Description => Contract;

    public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) =>
        answer(context.Execution, new JsonObject(inputs.Concat(hparams).Select(v => KeyValuePair.Create(v.Key, v.Value?.DeepClone()))), cancellationToken);

    public static StepResult Done(string text = "done", string outcome = "Yes") =>
        new StepResult.Completed(new JsonObject { ["text"] = text, ["count"] = 3_000_000_000L, ["share"] = 0.25, ["flag"] = true }, outcome);
}
