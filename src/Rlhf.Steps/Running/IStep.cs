using System.Text.Json.Nodes;

namespace Rlhf.Steps.Running;

/// <summary>
/// A typed unit of work. A step may be killed at any moment and run again with the same context; it throws
/// <see cref="OperationCanceledException"/> when cancelled, <see cref="InvalidDataException"/>, <see cref="NotFiniteNumberException"/> and
/// <see cref="ArgumentException"/> for what will never work, <see cref="IOException"/> for what may work later. Who catches:
/// <see cref="StepRunner"/>, alone.
/// </summary>
public interface IStep
{
    StepDescription Description { get; }

    Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken);
}

/// <summary>A step over its own records; <typeparamref name="THParams"/> arrives validated.</summary>
public abstract class Step<TInputs, THParams, TOutputs> : IStep
    where TInputs : notnull
    where THParams : notnull, new()
    where TOutputs : notnull
{
    public abstract StepDescription Description { get; }

    public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) =>
        RunAsync(
            RecordBinding.Bind<TInputs>(inputs, $"{Description.Name}, inputs"),
            RecordBinding.Bind<THParams>(hparams, $"{Description.Name}, hparams"),
            context, cancellationToken);

    protected abstract Task<StepResult> RunAsync(TInputs inputs, THParams hparams, StepContext context, CancellationToken cancellationToken);

    protected static StepResult Completed(TOutputs outputs, string outcome = "Done") =>
        new StepResult.Completed(Json.CanonicalJson.ToObject(outputs), outcome);
}

/// <summary>For steps without hparams.</summary>
public sealed record NoHParams;
