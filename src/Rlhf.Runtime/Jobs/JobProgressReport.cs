using System.Text;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Jobs;

/// <summary>The newest word of a running step, on its way to the store.</summary>
internal sealed class JobProgressReport : IStepObserver
{
    readonly Lock _gate = new();
    double _fraction;
    string? _message;
    IReadOnlyDictionary<string, double>? _metrics;
    string? _notices;
    bool _changed;

    public void Progress(string activity, double fraction, string message)
    {
        lock (_gate) (_fraction, _message, _changed) = (fraction, message, true);
    }

    public void Metrics(string activity, int update, IReadOnlyDictionary<string, double> values)
    {
        lock (_gate) (_metrics, _changed) = (values, true);
    }

    public void Notice(string activity, string sentence)
    {
        lock (_gate) (_notices, _changed) = (_notices is null ? sentence : $"{_notices}\n{sentence}", true);
    }

    /// <summary>What is new since the last call, or null.</summary>
    public JobProgress? TakeChange()
    {
        lock (_gate)
        {
            if (!_changed) return null;
            _changed = false;
            return Current();
        }
    }

    public JobProgress Latest()
    {
        lock (_gate) return Current();
    }

    JobProgress Current() => new(_fraction, _message, _metrics is null ? null : Encoding.UTF8.GetString(CanonicalJson.Serialize(_metrics)), _notices);
}
