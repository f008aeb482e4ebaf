namespace Rlhf.Runtime.Schedules;

/// <summary>Starts instances by the clock.</summary>
internal interface IScheduler
{
    /// <summary>Fires everything that is due; true where anything was.</summary>
    Task<bool> FireAsync(CancellationToken cancellationToken);

    /// <summary>The next time a schedule is due, or null.</summary>
    Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken);
}

/// <summary>Leaves schedules to another process, or to a later one.</summary>
internal sealed class NoScheduler : IScheduler
{
    public Task<bool> FireAsync(CancellationToken cancellationToken) => Task.FromResult(false);

    public Task<DateTimeOffset?> NextDueAsync(CancellationToken cancellationToken) => Task.FromResult<DateTimeOffset?>(null);
}
