using Rlhf.Runtime.Jobs;
using Rlhf.Runtime.Schedules;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Running;

namespace Rlhf.Runtime.Driver;

/// <summary>The engine of this process: it runs from when it is first asked for until this is disposed of or it stops by itself, and is then made anew when asked for again.</summary>
internal sealed class Engine(
    WorkflowStore store, Transitions transitions, DefinitionCache definitions, StepRunner runner, RuntimeOptions options, TimeProvider time, Pulse pulse, IDriverObserver? observer) : IAsyncDisposable
{
    readonly SemaphoreSlim _gate = new(1);
    EngineHost? _host;

    /// <summary>True while this process drives the store.</summary>
    public bool IsAlive => _host is { IsAlive: true };

    /// <summary>Ends only with the reason why it stopped by itself; null where it was never asked for.</summary>
    public Task? Completion => _host?.Completion;

    /// <exception cref="DriverBusyException">Another process drives this store.</exception>
    public async Task DriveAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_host is { IsAlive: true }) return;
            if (_host is not null) await _host.DisposeAsync();
            _host = null;
            var driverLock = await DriverLock.AcquireAsync(options.Folder, store.Database, time, cancellationToken);
            var carrier = new HangfireCarrier(options.Postgres);
            if (options.FiresSchedules) await store.LeaveSchedulesToAsync(options.SchedulesLeftTo, cancellationToken);
            IScheduler scheduler = !options.FiresSchedules ? new NoScheduler() : new Scheduler(store, transitions, definitions, options, time, observer);
            var driver = new WorkflowDriver(store, transitions, definitions, carrier, scheduler, options, time, observer);
            _host = new(driverLock, carrier, Worker(embedded: true), driver, options, time, pulse, observer);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>True where this process drives the store now; false where another one does.</summary>
    public async Task<bool> TryDriveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await DriveAsync(cancellationToken);
            return true;
        }
        catch (DriverBusyException)
        {
            return false;
        }
    }

    /// <summary>Throws why it stopped by itself, where it did.</summary>
    public Task ThrowIfStoppedAsync() => _host is { IsAlive: false } stopped ? stopped.Completion : Task.CompletedTask;

    /// <summary>Runs steps only, beside whichever process drives, until cancelled.</summary>
    /// <exception cref="InvalidOperationException">The store is SQLite, whose jobs one process alone carries.</exception>
    public async Task WorkAsync(CancellationToken cancellationToken)
    {
        if (options.Postgres is null)
            throw new InvalidOperationException("A worker of its own needs PostgreSQL; with SQLite the process that drives the store runs its steps.");
        var carrier = new HangfireCarrier(options.Postgres);
        await using var host = new EngineHost(null, carrier, Worker(embedded: false), null, options, time, pulse, observer);
        await Task.WhenAny(host.Completion, Task.Delay(Timeout.Infinite, cancellationToken));
        if (!host.IsAlive && !cancellationToken.IsCancellationRequested) await host.Completion;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        _gate.Dispose();
    }

    StepWorker Worker(bool embedded) => new(store, runner, options, time, pulse, observer, embedded);
}
