using System.Diagnostics.Metrics;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>What a counter has counted.</summary>
sealed class Counted : IDisposable
{
    readonly MeterListener _listener = new();
    long _sum;

    /// <param name="then">Done by the thread that counts, each time.</param>
    public Counted(Instrument counter, Action? then = null)
    {
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) =>
        {
            Interlocked.Add(ref _sum, value);
            then?.Invoke();
        });
        _listener.EnableMeasurementEvents(counter);
        _listener.Start();
    }

    public long Sum => Interlocked.Read(ref _sum);

    public void Dispose() => _listener.Dispose();
}
