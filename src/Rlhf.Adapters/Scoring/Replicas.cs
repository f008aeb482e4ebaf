using System.Net;
using System.Net.Sockets;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Scoring;

/// <summary>The servers there are: those that were named, and for a name every address that it has at the moment.</summary>
sealed class Replicas : IDisposable
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    readonly ScoringSettings _settings;
    readonly PipelineOptions _patience;
    readonly TimeProvider _time;
    readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    readonly SemaphoreSlim _looking = new(1);
    readonly List<Replica> _gone = [];
    volatile IReadOnlyList<Replica> _all;
    long _looked;

    public Replicas(ScoringSettings settings, PipelineOptions patience, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (_settings, _patience, _time, _resolve) = (settings, patience, time, resolve);
        _all = [.. settings.Replicas.Where(r => !r.ByName).Select(r => New(r.Address, null))];
    }

    /// <summary>All of them, looked up anew from time to time.</summary>
    /// <exception cref="ReplicaException">A name has no address, and there is no other server.</exception>
    public async Task<IReadOnlyList<Replica>> AllAsync(CancellationToken cancellationToken)
    {
        if (_all is { Count: > 0 } known && (!_settings.Replicas.Any(r => r.ByName) || IsRecent)) return known;
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (_all.Count == 0 || !IsRecent) await LookAsync(cancellationToken);
            return _all.Count > 0 ? _all : throw new ReplicaException($"{string.Join(", ", _settings.Replicas)} leads to no server at the moment.");
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose()
    {
        foreach (var replica in _all.Concat(_gone)) replica.Dispose();
        _looking.Dispose();
    }

    bool IsRecent => _looked != 0 && _time.GetElapsedTime(_looked) < Look;

    async Task LookAsync(CancellationToken cancellationToken)
    {
        var found = _all.Where(r => r.Ip is null).ToList();
        foreach (var named in _settings.Replicas.Where(r => r.ByName))
        {
            foreach (var ip in await AddressesAsync(named.Address.Host, cancellationToken))
                found.Add(_all.FirstOrDefault(r => r.Address == named.Address && ip.Equals(r.Ip)) ?? New(named.Address, ip));
        }
        // Not disposed of now: requests may be under way there.
        _gone.AddRange(_all.Except(found));
        foreach (var idle in _gone.Where(r => r.Texts == 0).ToList())
        {
            idle.Dispose();
            _gone.Remove(idle);
        }
        (_all, _looked) = (found, _time.GetTimestamp());
    }

    async Task<IEnumerable<IPAddress>> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return (await _resolve(host, cancellationToken)).Distinct();
        }
        catch (SocketException)
        {
            // A name that cannot be looked up now: those known before are as good as any.
            return _all.Where(r => r.Ip is not null && r.Address.Host == host).Select(r => r.Ip!);
        }
    }

    Replica New(Uri address, IPAddress? ip) => new(address, ip, _settings, _patience, _time, null);
}
