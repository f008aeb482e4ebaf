using System.Diagnostics.Metrics;

namespace Rlhf.Pipeline.Scoring;

/// <summary>What a server of reward models counts, as instruments of .NET's own metrics.</summary>
public sealed class ServingMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "rlhf.scoring";

    readonly Meter _meter = new(Name);

    public ServingMeter()
    {
        Requests = _meter.CreateCounter<long>("rlhf_scoring_requests", description: "Requests for scores that were taken.");
        Refused = _meter.CreateCounter<long>("rlhf_scoring_busy", description: "Requests that were refused since too much waited.");
        Late = _meter.CreateCounter<long>("rlhf_scoring_unanswered", description: "Requests that nobody waited for any more, or whose deadline passed.");
        Texts = _meter.CreateCounter<long>("rlhf_scoring_texts", description: "Texts that were scored.");
        Tokens = _meter.CreateCounter<long>("rlhf_scoring_tokens", description: "Tokens that were computed for these texts.");
        Padding = _meter.CreateCounter<long>("rlhf_scoring_padding_tokens", description: "Tokens that were computed to fill passes.");
        Shared = _meter.CreateCounter<long>("rlhf_scoring_shared_tokens", description: "Tokens that were not computed, since texts of one request begin with them alike.");
        Passes = _meter.CreateCounter<long>("rlhf_scoring_passes", description: "Passes of a model.");
        Swaps = _meter.CreateCounter<long>("rlhf_scoring_swaps", description: "Models that took the place of another.");
        PassSeconds = _meter.CreateHistogram<double>("rlhf_scoring_pass_seconds", "s", "Time of a pass.");
        RequestSeconds = _meter.CreateHistogram<double>("rlhf_scoring_request_seconds", "s", "Time from a request to its answer.");
    }

    internal Counter<long> Requests { get; }

    internal Counter<long> Refused { get; }

    internal Counter<long> Late { get; }

    internal Counter<long> Texts { get; }

    internal Counter<long> Tokens { get; }

    internal Counter<long> Padding { get; }

    internal Counter<long> Shared { get; }

    internal Counter<long> Passes { get; }

    internal Counter<long> Swaps { get; }

    internal Histogram<double> PassSeconds { get; }

    internal Histogram<double> RequestSeconds { get; }

    /// <summary>Adds a gauge of the tokens that wait.</summary>
    internal void Waiting(Func<IEnumerable<Measurement<long>>> read) => _meter.CreateObservableGauge("rlhf_scoring_waiting_tokens", read, description: "Tokens that wait to be scored.");

    public void Dispose() => _meter.Dispose();
}
