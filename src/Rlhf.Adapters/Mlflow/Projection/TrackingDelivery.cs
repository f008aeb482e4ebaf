using Rlhf.Steps.Artifacts;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Makes MLflow show what the store holds, from any machine and any number of senders: rounds in their order, each below a lease, then the
/// model versions in ours, then aliases. It reads the store and decides nothing; what was acknowledged stands below <c>tracking/</c>
/// in the store. A store without news costs no request. Calls of one object follow one another.
/// </summary>
public sealed class TrackingDelivery : IDisposable
{
    readonly SemaphoreSlim _turn = new(1);
    readonly MlflowClient _client;
    readonly TrackingSettings _settings;
    readonly StoreReader _reader;
    readonly DeliveryLedger _ledger;
    readonly Refusals _refusals;

    /// <param name="objects">The store.</param>
    /// <param name="client">The server; not disposed.</param>
    /// <param name="settings">What goes where.</param>
    /// <param name="time">The clock of leases; those of senders should agree to within a fraction of a lease.</param>
    /// <param name="ends">How instances ended that wrote no report; without it such rounds stay running.</param>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public TrackingDelivery(IObjectStore objects, MlflowClient client, TrackingSettings settings, TimeProvider time, RunEnds? ends = null)
    {
        (_client, _settings) = (client, settings.Checked());
        _reader = new(objects, ends);
        var destination = ProjectedValues.Hash($"{client.Address.GetLeftPart(UriPartial.Path).TrimEnd('/')}\n{settings.Experiment}")[..16];
        _ledger = new(objects, destination, time);
        _refusals = new(time);
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Delivers what the store holds by now and the server does not have.</summary>
    /// <exception cref="MlflowException">The server could not be reached, failed, or lets nobody in; what it acknowledged before is remembered.</exception>
    /// <exception cref="IOException">The store could not be read or written.</exception>
    public Task<DeliveryReport> DeliverAsync(CancellationToken cancellationToken) => InTurnAsync(async () =>
    {
        var walk = await WalkAsync(cancellationToken);
        return walk.Waits ? await walk.DeliverAsync(cancellationToken) : walk.Report();
    }, cancellationToken);

    /// <summary>What waits, by the store alone, and where the server can be reached everything of what was delivered that differs there.</summary>
    /// <exception cref="IOException">The store could not be read.</exception>
    public Task<TrackingStatus> StatusAsync(CancellationToken cancellationToken) =>
        InTurnAsync(async () => await (await WalkAsync(cancellationToken)).StatusAsync(cancellationToken), cancellationToken);

    /// <summary>
    /// Delivers what waits and projects again what differs. A run whose params or points are wrong is deleted and made anew, since neither can be
    /// changed. What is not the projection's own is left alone.
    /// </summary>
    /// <exception cref="MlflowException">As <see cref="DeliverAsync"/>.</exception>
    /// <exception cref="IOException">The store could not be read or written.</exception>
    public Task<DeliveryReport> RepairAsync(CancellationToken cancellationToken) =>
        InTurnAsync(async () =>
        {
            _refusals.Clear();
            return await (await WalkAsync(cancellationToken)).RepairAsync(cancellationToken);
        }, cancellationToken);

    /// <summary>
    /// The pages of the server about what was delivered of an instance, by the instance's id and by the keys of its steps, as the store knows it: the server is not asked.
    /// </summary>
    /// <exception cref="IOException">The store could not be read.</exception>
    public async Task<IReadOnlyDictionary<string, Uri>> PagesOfAsync(string instance, CancellationToken cancellationToken) =>
        (await _ledger.OfAsync(DeliveryLedger.PlaceOf(instance), cancellationToken)).Runs.Where(r => r.Value.Experiment is not null)
            .ToDictionary(r => r.Key, r => new Uri(_client.Address, $"#/experiments/{Uri.EscapeDataString(r.Value.Experiment!)}/runs/{Uri.EscapeDataString(r.Value.RunId)}"));

    async Task<DeliveryWalk> WalkAsync(CancellationToken cancellationToken)
    {
        var ledger = await _ledger.ReadAsync(cancellationToken);
        var contents = (await _reader.ReadAsync(cancellationToken)).WithToldEnds(ledger);
        return new(_client, _settings, _reader, _ledger, _refusals, contents, Projected.Of(contents, _settings), ledger);
    }

    async Task<T> InTurnAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }
}
