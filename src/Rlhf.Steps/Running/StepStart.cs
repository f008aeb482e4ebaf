using System.Text.Json.Nodes;

namespace Rlhf.Steps.Running;

/// <summary>
/// What is known of a step before its record stands. Each instance that runs it leaves one beside its first checkpoint, below
/// <c>checkpoints/key/starts/</c>; they go with the checkpoints.
/// </summary>
public sealed record StepStart(
    string Key, string Step, int StepVersion, string ProductVersion, string Instance, string Activity,
    JsonObject Inputs, JsonObject Hparams, DateTimeOffset StartedAt)
{
    public static StepStart Of(StepRecord record) => new(
        record.Key, record.Step, record.StepVersion, record.ProductVersion, record.Instance, record.Activity, record.Inputs, record.Hparams, record.StartedAt);
}
