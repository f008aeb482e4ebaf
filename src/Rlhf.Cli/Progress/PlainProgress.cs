namespace Rlhf.Cli.Progress;

/// <summary>A line when a step begins and then at most every few seconds, for logs and pipes.</summary>
sealed class PlainProgress(TextWriter output) : IRunProgress
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    readonly Lock _gate = new();
    readonly Dictionary<string, (long Shown, string Metrics)> _steps = [];

    public void Progress(string activity, double fraction, string message)
    {
        lock (_gate)
        {
            var now = TimeProvider.System.GetTimestamp();
            var known = _steps.TryGetValue(activity, out var step);
            if (known && fraction < 1 && TimeProvider.System.GetElapsedTime(step.Shown, now) < Interval) return;
            _steps[activity] = (now, step.Metrics ?? "");
            output.WriteLine($"{activity,-32} {fraction,4:P0}  {message}{(string.IsNullOrEmpty(step.Metrics) ? "" : $"  [{step.Metrics}]")}");
        }
    }

    public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values)
    {
        lock (_gate) _steps[activity] = (_steps.GetValueOrDefault(activity).Shown, KeyMetrics.Line(values));
    }

    public void Notice(string activity, string sentence)
    {
        lock (_gate) output.WriteLine($"{activity,-32}    !  {sentence}");
    }

    public void Dispose() => output.Flush();
}
