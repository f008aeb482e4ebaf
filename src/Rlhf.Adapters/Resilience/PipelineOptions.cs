namespace Rlhf.Adapters.Resilience;

/// <summary>
/// How patiently a service is called. By default 5 minutes in total; 100 s a try; 7 retries after 0.5 s, 1 s, 2 s … up to 30 s, each with jitter,
/// or after what the service's Retry-After asks; a break of 5 s once half of at least 20 tries within 30 s failed; no limit to the rate.
/// </summary>
public sealed record PipelineOptions
{
    /// <summary>Tries of up to this long, and at least three of them.</summary>
    public static PipelineOptions OfTry(TimeSpan one)
    {
        var options = new PipelineOptions { Try = one };
        return 3 * one > options.Total ? options with { Total = 3 * one } : options;
    }

    /// <summary>All tries of one call and the waits between them, 10 ms to a day.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>One try, 10 ms to a day.</summary>
    public TimeSpan Try { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Tries after the first one; 0 for none.</summary>
    public int Retries { get; init; } = 7;

    /// <summary>The wait before the first retry, about; each further one is about twice as long.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>No wait is longer, but for one that the service asks for.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The share of failed tries, above 0 to 1, at which no more are made for a while.</summary>
    public double BreakAtShare { get; init; } = 0.5;

    /// <summary>Fewer tries than these within the window, 2 or more, never make a break.</summary>
    public int BreakAtLeast { get; init; } = 20;

    /// <summary>The time over which failed tries are counted, 0.5 s to a day.</summary>
    public TimeSpan BreakWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long no tries are made, 0.5 s to a day. A call waits for its end like for a retry.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Tries a second, evenly, for a service that states a limit; null for none.</summary>
    public double? PerSecond { get; init; }
}
