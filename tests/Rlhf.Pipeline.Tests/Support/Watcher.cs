using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>Keeps what steps have to say.</summary>
sealed class Watcher : IStepObserver
{
    public List<string> Notices { get; } = [];

    public void Progress(string activity, double fraction, string message) { }

    public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values) { }

    public void Notice(string activity, string sentence) => Notices.Add($"{activity}: {sentence}");
}
