using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>Requests the stop at the nth progress, between two updates.</summary>
/// <param name="stop">Null: only counts.</param>
sealed class StopAt(int progress, CancellationTokenSource? stop) : IStepObserver
{
    public int Seen { get; private set; }

    public void Progress(string activity, double fraction, string message)
    {
        if (++Seen == progress) stop?.Cancel();
    }

    public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values) { }

    public void Notice(string activity, string sentence) { }
}
