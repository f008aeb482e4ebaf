using System.Text.Json.Nodes;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Running;

/// <summary>
/// The identity of a run of a step. Pure: step, its version, inputs (seed among them) and hparams. Effectful: step, instance and activity execution.
/// </summary>
public static class StepKey
{
    public static string Of(StepDescription step, JsonObject inputs, JsonObject hparams, StepExecution execution)
    {
        var key = new JsonObject { ["step"] = step.Name, ["version"] = step.Version };
        if (step.Kind == StepKind.Pure)
        {
            key["inputs"] = inputs.DeepClone();
            key["hparams"] = hparams.DeepClone();
        }
        else
        {
            key["instance"] = execution.Instance;
            key["activity"] = execution.Activity;
        }
        return CanonicalJson.Hash(key);
    }
}
