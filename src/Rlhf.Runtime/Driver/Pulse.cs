namespace Rlhf.Runtime.Driver;

/// <summary>Tells everyone in this process who waits that something was stored; other processes see it at their next look.</summary>
internal sealed class Pulse
{
    TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends at the next <see cref="Fire"/>. Taken before looking, it misses nothing.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    public void Fire() => Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Waits for a pulse taken earlier, or for as long as said.</summary>
    public static async Task WaitAsync(Task pulse, TimeSpan longest, CancellationToken cancellationToken)
    {
        try
        {
            await pulse.WaitAsync(longest, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nothing happened in this process; time to look again.
        }
    }
}
