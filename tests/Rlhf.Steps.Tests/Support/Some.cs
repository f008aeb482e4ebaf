using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Tests.Support;

static class Some
{
    public static Dictionary<string, byte[]> Files(params (string Path, string Text)[] files) =>
        files.ToDictionary(f => f.Path, f => Encoding.UTF8.GetBytes(f.Text));

    public static ArtifactRef Ref(char digit = 'a') => new("policy", new string(digit, 64));

    public sealed record Inputs(long Number, ArtifactRef? Given = null);

    public sealed record HParams([property: Range(1, 10)] int Times = 2, double Rate = 0.5) : IValidated
    {
        public HParams() : this(2) { }

        public string? Validate() => Rate > Times ? $"'rate' is {Rate}; expected at most 'times' ({Times})." : null;
    }

    public sealed record Outputs(long Product);

    /// <summary>A step whose code is the test's.</summary>
    public sealed class Step(StepKind kind, Func<Inputs, HParams, StepContext, Task<StepResult>> run) : Step<Inputs, HParams, Outputs>
    {
        public int Runs { get; private set; }

        public override StepDescription Description { get; } = new("Multiply", 1, kind, typeof(Inputs), typeof(HParams), typeof(Outputs), "Multiplies.");

        protected override Task<StepResult> RunAsync(Inputs inputs, HParams hparams, StepContext context, CancellationToken cancellationToken)
        {
            Runs++;
            return run(inputs, hparams, context);
        }

        public static StepResult Done(long product) => Completed(new(product));
    }

    public static Step PureStep() => new(StepKind.Pure, (inputs, hparams, _) => Task.FromResult(Step.Done(inputs.Number * hparams.Times)));

    public static StepRunner Runner(TemporaryStore store, IStep step, TimeProvider? time = null) =>
        new([step], store.Objects, time ?? TimeProvider.System, new Dictionary<string, object>(), TimeSpan.Zero);

    public static StepExecution Execution(string activity = "multiply") => new("instance-1", activity);

    public static JsonObject Values(params (string Name, JsonNode? Value)[] values) => new(values.Select(v => KeyValuePair.Create(v.Name, v.Value)));
}
