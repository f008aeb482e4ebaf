namespace Rlhf.Steps.Running;

/// <summary>
/// The step has stopped right after a checkpoint because its worker is being drained. Nothing has failed: another worker goes on from there.
/// </summary>
public sealed class StepDrainedException(string message, CancellationToken drain) : OperationCanceledException(message, drain);
