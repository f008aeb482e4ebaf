using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Rlhf.Server.Scoring;

/// <summary>One meter of .NET's metrics in Prometheus' text format (version 0.0.4): counters, histograms of seconds and gauges.</summary>
sealed class ScoringMetrics : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Seconds, from half a millisecond to half a minute.</summary>
    static readonly double[] Buckets = [.. Enumerable.Range(0, 17).Select(i => 0.0005 * (1 << i))];

    readonly MeterListener _listener = new();
    readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> _series = new();

    /// <param name="meter">Name of the meter.</param>
    public ScoringMetrics(string meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == meter) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        _listener.Start();
    }

    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var same in _series.GroupBy(s => s.Key.Instrument).OrderBy(s => s.Key.Name, StringComparer.Ordinal))
        {
            var (kind, name) = same.Key switch
            {
                Counter<long> => ("counter", $"{same.Key.Name}_total"),
                Histogram<double> => ("histogram", same.Key.Name),
                _ => ("gauge", same.Key.Name),
            };
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {same.Key.Description}\n# TYPE {name} {kind}\n");
            foreach (var (key, series) in same.OrderBy(s => s.Key.Labels, StringComparer.Ordinal)) series.Write(text, name, key.Labels);
        }
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new StringBuilder();
        foreach (var (name, of) in tags) labels.Append(labels.Length > 0 ? "," : "").Append(name).Append("=\"").Append($"{of}".Replace("\\", @"\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
        _series.GetOrAdd((instrument, labels.ToString()), static key => new(key.Instrument is Histogram<double>, key.Instrument.IsObservable)).Take(value);
    }

    sealed class Series(bool isHistogram, bool isGauge)
    {
        readonly Lock _gate = new();
        readonly long[] _counts = isHistogram ? new long[Buckets.Length + 1] : [];
        double _sum;

        public void Take(double value)
        {
            lock (_gate)
            {
                _sum = isGauge ? value : _sum + value;
                if (!isHistogram) return;
                var bucket = Array.FindIndex(Buckets, b => value <= b);
                _counts[bucket < 0 ? Buckets.Length : bucket]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels)
        {
            lock (_gate)
            {
                var all = labels.Length == 0 ? "" : $"{{{labels}}}";
                if (!isHistogram)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{all} {_sum}\n");
                    return;
                }
                long below = 0;
                for (var i = 0; i <= Buckets.Length; i++)
                {
                    below += _counts[i];
                    var bound = i == Buckets.Length ? "+Inf" : Buckets[i].ToString(CultureInfo.InvariantCulture);
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"}} {below}\n");
                }
                text.Append(CultureInfo.InvariantCulture, $"{name}_sum{all} {_sum}\n{name}_count{all} {below}\n");
            }
        }
    }
}
