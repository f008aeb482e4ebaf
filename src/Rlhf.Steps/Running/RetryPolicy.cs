namespace Rlhf.Steps.Running;

/// <summary>
/// How often a transient failure is tried again: attempts in all (1 and up), the wait after the first failed one, the factor (1 and up) by
/// which the wait grows with each further one, and its upper bound. Permanent failures are never tried again.
/// </summary>
public sealed record RetryPolicy(int Attempts, TimeSpan Backoff, double Factor, TimeSpan MaxBackoff)
{
    /// <summary>Three attempts; waits of 2 s and 10 s between them, never more than 10 minutes.</summary>
    public static RetryPolicy Default { get; } = new(3, TimeSpan.FromSeconds(2), 5, TimeSpan.FromMinutes(10));

    /// <summary>The wait after the given number of failed attempts (1 and up).</summary>
    /// <exception cref="ArgumentOutOfRangeException">No attempt has failed yet.</exception>
    public TimeSpan Delay(int failedAttempts)
    {
        if (failedAttempts < 1)
            throw new ArgumentOutOfRangeException(nameof(failedAttempts), failedAttempts, $"{failedAttempts} attempts have failed; expected 1 or more.");
        // Compared as seconds: the power soon exceeds what a TimeSpan can hold.
        var seconds = Backoff.TotalSeconds * Math.Pow(Factor, failedAttempts - 1);
        return seconds < MaxBackoff.TotalSeconds ? TimeSpan.FromSeconds(seconds) : MaxBackoff;
    }
}
