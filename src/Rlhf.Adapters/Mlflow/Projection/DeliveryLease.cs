namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>The place was taken by another sender, since this one was too slow.</summary>
sealed class LeaseLostException(string place) : Exception($"'{place}' is now delivered by another sender.");

/// <summary>One place of the ledger while this sender delivers it. Each acknowledgement is written at once and extends the lease.</summary>
sealed class DeliveryLease(DeliveryLedger ledger, string place, TimeSpan lease, int number, LedgerEntry entry, TimeProvider time)
{
    int _number = number;
    LedgerEntry _entry = entry;

    public Delivered? Of(string run) => _entry.Runs.GetValueOrDefault(run);

    /// <summary>Extends the lease where a third of it has passed; to be called before each request.</summary>
    /// <exception cref="LeaseLostException">Another sender has the place.</exception>
    public Task KeepAsync(CancellationToken cancellationToken) =>
        _entry.Until - time.GetUtcNow() > lease * 2 / 3 ? Task.CompletedTask : WriteAsync(_entry.Runs, time.GetUtcNow() + lease, cancellationToken);

    /// <summary>Remembers what the server has of a run; null: nothing.</summary>
    /// <exception cref="LeaseLostException">Another sender has the place.</exception>
    public Task AcknowledgeAsync(string run, Delivered? delivered, CancellationToken cancellationToken) =>
        AcknowledgeAsync([new(run, delivered)], cancellationToken);

    /// <inheritdoc cref="AcknowledgeAsync(string, Delivered?, CancellationToken)"/>
    public Task AcknowledgeAsync(IEnumerable<KeyValuePair<string, Delivered?>> delivered, CancellationToken cancellationToken)
    {
        var runs = new Dictionary<string, Delivered>(_entry.Runs);
        foreach (var (run, what) in delivered)
        {
            if (what is null) runs.Remove(run);
            else runs[run] = what;
        }
        return WriteAsync(runs, time.GetUtcNow() + lease, cancellationToken);
    }

    /// <summary>The keys of what was delivered here.</summary>
    public IEnumerable<string> Keys => _entry.Runs.Keys;

    /// <summary>Lets others have the place at once; where that can't be written, once the lease has passed.</summary>
    public async Task ReleaseAsync()
    {
        try
        {
            await WriteAsync(_entry.Runs, time.GetUtcNow(), CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or LeaseLostException)
        {
            // Nothing depends on it, and what ended the work must not be hidden by it.
        }
    }

    async Task WriteAsync(IReadOnlyDictionary<string, Delivered> runs, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var next = _entry with { Until = until, Runs = runs };
        if (!await ledger.WriteAsync(place, _number + 1, next, cancellationToken)) throw new LeaseLostException(place);
        (_number, _entry) = (_number + 1, next);
    }
}
