using Hangfire;
using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// What runs in this process in the background: a driver, where it holds the store's lock, and workers. Disposed of, it drains: running
/// steps reach their next checkpoint and go back to the queue.
/// </summary>
internal sealed class EngineHost : IAsyncDisposable
{
    static readonly TimeSpan UnreachablePause = TimeSpan.FromSeconds(1);

    readonly DriverLock? _lock;
    readonly HangfireCarrier _carrier;
    readonly StepWorker _worker;
    readonly List<BackgroundJobServer> _servers;
    readonly RuntimeOptions _options;
    readonly CancellationTokenSource _stop = new();
    readonly Task _loop;

    /// <param name="driver">Made over the carrier; null for a process that only works.</param>
    public EngineHost(
        DriverLock? driverLock, HangfireCarrier carrier, StepWorker worker, WorkflowDriver? driver, RuntimeOptions options, TimeProvider time, Pulse pulse, IDriverObserver? observer)
    {
        (_lock, _carrier, _worker, _options) = (driverLock, carrier, worker, options);
        _loop = driver is null ? Task.Delay(Timeout.Infinite, _stop.Token) : Task.Run(() => DriveAsync(driver, time, pulse, observer));
        _servers = [.. options.Queues.Where(q => q.Value > 0).Select(q => carrier.Serve(q.Key, q.Value, worker))];
        Completion = Task.WhenAny(_loop, worker.Crash.Task).Unwrap();
    }

    /// <summary>Ends only with the reason why this engine stopped working by itself.</summary>
    public Task Completion { get; }

    /// <summary>True while this process works on the store.</summary>
    public bool IsAlive => !Completion.IsCompleted;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers) server.SendStop();
        await _worker.DrainAsync(_options.Drain);
        await _stop.CancelAsync();
        await Task.WhenAny(_loop);
        await Task.Run(() =>
        {
            foreach (var server in _servers) server.Dispose();
        });
        _carrier.Dispose();
        _worker.Dispose();
        _stop.Dispose();
        if (_lock is not null) await _lock.DisposeAsync();
    }

    async Task DriveAsync(WorkflowDriver driver, TimeProvider time, Pulse pulse, IDriverObserver? observer)
    {
        var recovered = false;
        while (true)
        {
            _stop.Token.ThrowIfCancellationRequested();
            var stored = pulse.Next;
            try
            {
                await _lock!.EnsureHeldAsync(_stop.Token);
                if (!recovered) await driver.RecoverAsync(_lock.ProvesDeath, _stop.Token);
                recovered = true;
                var due = await driver.TickAsync(_stop.Token);
                // What is overdue after a tick is what cannot be moved; looking again at once would only spin.
                var nap = due - time.GetUtcNow() is { } left && left > TimeSpan.Zero && left < _options.Poll ? left : _options.Poll;
                await Pulse.WaitAsync(stored, nap, _stop.Token);
            }
            catch (Exception e) when (e is not DriverBusyException && Database.IsUnreachable(e))
            {
                observer?.Trouble($"The database cannot be reached: {e.Message} Trying again.");
                await Task.Delay(UnreachablePause, _stop.Token);
            }
        }
    }
}
