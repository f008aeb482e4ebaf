namespace Rlhf.Runtime.Interpreter;

/// <summary>How often a step that failed for now is tried again, and how long it waits before that.</summary>
internal static class RetryPolicy
{
    public const int Attempts = 3;

    /// <summary>2 s after the first failed attempt, 10 s after the second.</summary>
    public static TimeSpan Backoff(int failedAttempts) => TimeSpan.FromSeconds(2 * Math.Pow(5, failedAttempts - 1));
}
