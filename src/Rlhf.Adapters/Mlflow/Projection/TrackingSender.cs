namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Delivers in the background what the store holds, for as long as it lives: every few seconds, less and less often while the server is away.
/// It never throws into what it runs beside: what goes wrong is told as one line, once until it is over, and what was not delivered waits
/// in the store for this sender, a later one, or one on another machine.
/// </summary>
public sealed class TrackingSender : IAsyncDisposable
{
    readonly TrackingDelivery _delivery;
    readonly TimeProvider _time;
    readonly Action<string> _tell;
    readonly TimeSpan _interval, _longest;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly HashSet<string> _told = [];
    readonly Task _loop;
    bool _away;

    /// <param name="delivery">What it delivers; not disposed.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="tell">Takes a line of trouble, or that it is over; must not throw.</param>
    /// <param name="interval">From one look at the store to the next; 5 s.</param>
    /// <param name="longest">The same at most, while the server is away; 5 minutes.</param>
    public TrackingSender(TrackingDelivery delivery, TimeProvider time, Action<string> tell, TimeSpan? interval = null, TimeSpan? longest = null)
    {
        (_delivery, _time, _tell) = (delivery, time, tell);
        (_interval, _longest) = (interval ?? TimeSpan.FromSeconds(5), longest ?? TimeSpan.FromMinutes(5));
        if (_interval <= TimeSpan.Zero || _longest < _interval)
            throw new ArgumentException($"The sender looks every {_interval}, at most every {_longest}; expected more than nothing, and no less than that at most.");
        _loop = Task.Run(() => RunAsync(_stop.Token));
    }

    /// <summary>
    /// Delivers now what is committed, for so long at most; for the end of a command. False where something waits still: the server is away,
    /// another sender is at it, or the time was over.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public async Task<bool> FlushAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken, _stop.Token);
        try
        {
            while (await TrySendAsync(either.Token) is { } report)
            {
                // What the server refuses for good is told; to wait does not help it.
                if (report.HeldByOthers.Count == 0) return report.Complete;
                await Task.Delay(TimeSpan.FromSeconds(1), _time, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Tell($"MLflow: not all was delivered within {limit.TotalSeconds:0.#} s; the rest waits in the store.");
        }
        return false;
    }

    /// <summary>Stops after the request that is on its way, or before it where that can be.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    async Task RunAsync(CancellationToken stop)
    {
        try
        {
            for (var wait = _interval; ; await Task.Delay(wait, _time, stop))
            {
                var reached = await TrySendAsync(stop) is not null;
                wait = reached ? _interval : wait * 2 < _longest ? wait * 2 : _longest;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <summary>One delivery; null where it could not be done, which was told.</summary>
    async Task<DeliveryReport?> TrySendAsync(CancellationToken cancellationToken)
    {
        try
        {
            var report = await _delivery.DeliverAsync(cancellationToken);
            Tell(report);
            return report;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        // Whatever it is: beside a training nothing of this may become an end of it.
        catch (Exception e)
        {
            lock (_gate)
            {
                if (!_away) Tell($"MLflow: {e.Message} What is not delivered waits in the store and is tried again.");
                _away = true;
            }
            return null;
        }
    }

    void Tell(DeliveryReport report)
    {
        lock (_gate)
        {
            if (_away) Tell("MLflow: can be reached again.");
            _away = false;
            foreach (var trouble in report.Troubles.Where(_told.Add)) Tell($"MLflow: {trouble}");
        }
    }

    void Tell(string line) => _tell(Secrets.Clean(line.ReplaceLineEndings(" ")));
}
