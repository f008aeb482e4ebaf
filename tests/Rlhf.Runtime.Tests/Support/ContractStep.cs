using System.Reflection;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Tests.Support;

/// <summary>
/// A step of the product by its contract alone: takes the real inputs and gives outputs of the real types that follow from them.
/// </summary>
internal sealed class ContractStep(StepDescription description, Func<StepExecution, string?> outcome) : IStep
{
    public StepDescription Description => description;

    public List<(string Execution, JsonObject Inputs)> Runs { get; } = [];

    public List<JsonObject> HParams { get; } = [];

    public static List<ContractStep> All(Func<StepExecution, string?>? outcome = null) =>
        [.. typeof(StepDescription).Assembly.GetTypes()
            .Select(t => t.GetField("Description", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)).OfType<StepDescription>()
            .Select(d => new ContractStep(d, outcome ?? (_ => null)))];

    public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken)
    {
        Runs.Add((context.Execution.Activity, inputs.DeepClone().AsObject()));
        HParams.Add(hparams.DeepClone().AsObject());
        RecordBinding.Bind(description.InputsType, inputs, description.Name);
        var outputs = new JsonObject();
        foreach (var field in description.Outputs)
        {
            outputs[field.Name] = field switch
            {
                { IsArtifact: true } => Artifact(field.Name, inputs).ToString(),
                { TypeName: "Double" } => 0.5,
                { TypeName: "Boolean" } => true,
                _ => 7,
            };
        }
        var said = outcome(context.Execution) ?? Usual;
        // A training that has come to its end has nothing to go on from.
        if (description.Name == "TrainPolicy" && said != "Checkpoint") outputs["training"] = null;
        return Task.FromResult<StepResult>(new StepResult.Completed(outputs, said));
    }

    // A training that stops at no checkpoint; of other steps the first outcome.
    string Usual => description.Outcomes.FirstOrDefault(o => o == "Done") ?? description.Outcomes[0];

    /// <summary>The artifact that an output of these inputs is.</summary>
    ArtifactRef Artifact(string output, JsonObject inputs) => new("some", CanonicalJson.Hash(new JsonArray(description.Name, output, inputs.DeepClone())));
}
