using Hangfire;
using Hangfire.InMemory;
using Hangfire.PostgreSql;
using Hangfire.States;
using Hangfire.Storage;
using Rlhf.Runtime.Store;

namespace Rlhf.Runtime.Jobs;

/// <summary>
/// Jobs by Hangfire: in memory for one process, in PostgreSQL for many. It carries and spreads the load; what may run, and whose answer
/// counts, the store decides, so Hangfire's own retries are off and a job it loses or doubles does no harm.
/// </summary>
internal sealed class HangfireCarrier : IJobCarrier, IDisposable
{
    readonly JobStorage _storage;
    readonly BackgroundJobClient _client;

    public HangfireCarrier(string? postgres)
    {
        _storage = postgres is null
            ? new InMemoryStorage(new InMemoryStorageOptions { MaxExpirationTime = TimeSpan.FromMinutes(10) })
            : new PostgreSqlStorage(
                new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(postgres, Storage()), Storage());
        _client = new(_storage);
    }

    public void Carry(string queue, JobKey job) =>
        _client.Create<CarriedStep>(s => s.RunAsync(queue, job.Instance, job.Execution, job.Epoch), new EnqueuedState(queue));

    /// <summary>Lets a worker take jobs of a queue, as many at once as said, until disposed of.</summary>
    public BackgroundJobServer Serve(string queue, int atOnce, StepWorker worker) => new(
        new BackgroundJobServerOptions
        {
            Queues = [queue],
            WorkerCount = atOnce,
            ServerName = $"{worker.Name} {queue}",
            Activator = new WorkerActivator(worker, this),
            SchedulePollingInterval = TimeSpan.FromSeconds(1),
            StopTimeout = TimeSpan.FromMilliseconds(100),
            ShutdownTimeout = TimeSpan.FromSeconds(1),
        }, _storage);

    public void Dispose() => (_storage as IDisposable)?.Dispose();

    void CarryLater(string queue, JobKey job) =>
        _client.Create<CarriedStep>(s => s.RunAsync(queue, job.Instance, job.Execution, job.Epoch), new ScheduledState(TimeSpan.FromSeconds(5)));

    static PostgreSqlStorageOptions Storage() => new()
    {
        QueuePollInterval = TimeSpan.FromMilliseconds(200),
        UseSlidingInvisibilityTimeout = true,
        // What a killed worker had taken from the queue, and the row by which it had locked a job to say so (by default for ten minutes),
        // must not keep a step from the next worker for longer than a lease.
        InvisibilityTimeout = TimeSpan.FromSeconds(30),
        DistributedLockTimeout = TimeSpan.FromSeconds(20),
    };

    sealed class WorkerActivator(StepWorker worker, HangfireCarrier carrier) : JobActivator
    {
        public override object ActivateJob(Type jobType) => new CarriedStep(worker, carrier);
    }

    /// <summary>What Hangfire calls. Its name and method stand in Hangfire's storage.</summary>
    [AutomaticRetry(Attempts = 0, OnAttemptsExceeded = AttemptsExceededAction.Delete)]
    internal sealed class CarriedStep(StepWorker worker, HangfireCarrier carrier)
    {
        [Queue("{0}")]
        public async Task RunAsync(string queue, string instance, string execution, int epoch)
        {
            var key = new JobKey(instance, execution, epoch);
            if (!await worker.RunAsync(key)) carrier.CarryLater(queue, key);
        }
    }
}
