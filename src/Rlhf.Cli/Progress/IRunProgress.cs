using Rlhf.Steps.Running;

namespace Rlhf.Cli.Progress;

/// <summary>Shows a running workflow to a person.</summary>
interface IRunProgress : IStepObserver, IDisposable
{
    /// <summary>A chosen one: live bars on a terminal, plain lines where there is none, nothing where only JSON is wanted on a quiet stream.</summary>
    static IRunProgress Create(bool json) => json || Console.IsErrorRedirected ? new PlainProgress(Console.Error) : new LiveProgress();
}
