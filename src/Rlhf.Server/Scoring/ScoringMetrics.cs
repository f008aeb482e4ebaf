using Prometheus;

namespace Rlhf.Server.Scoring;

/// <summary>The meter of scoring, and none other of the process, in Prometheus' text format.</summary>
sealed class ScoringMetrics : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    readonly IDisposable _adapter;

    /// <param name="meter">Name of the meter.</param>
    public ScoringMetrics(string meter) => _adapter = MeterAdapter.StartListening(new()
    {
        Registry = _registry,
        InstrumentFilterPredicate = instrument => instrument.Meter.Name == meter,
        // Seconds of a pass or a request, from half a millisecond to half a minute.
        ResolveHistogramBuckets = _ => Histogram.ExponentialBuckets(0.0005, 2, 17),
    });

    public Task WriteAsync(Stream stream, CancellationToken cancellationToken) => _registry.CollectAndExportAsTextAsync(stream, cancellationToken);

    public void Dispose() => _adapter.Dispose();
}
