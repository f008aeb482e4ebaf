using System.Net;
using System.Net.Sockets;
using Polly;
using Polly.CircuitBreaker;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Scoring;

/// <summary>One server: its connections, what is under way there, and whether it is let alone for a while after failures.</summary>
sealed class Replica : IDisposable
{
    readonly CircuitBreakerStateProvider _state = new();
    readonly TimeProvider _time;
    readonly TimeSpan _break;
    int _texts;
    long _opened;

    /// <param name="ip">Where the name is asked for at one of its addresses; the certificate and the host header stay the name's.</param>
    public Replica(Uri address, IPAddress? ip, ScoringSettings settings, PipelineOptions patience, TimeProvider time, HttpMessageHandler? handler)
    {
        (Address, Ip) = (address, ip);
        Client = new(handler ?? Handler(address, ip), disposeHandler: handler is null) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = ScoringAnswers.Longest };
        if (settings.Key is { } key) Client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        (_time, _break) = (time, patience.Break);
        Pipeline = Pipelines.ScoringReplica(patience, _state, () => Volatile.Write(ref _opened, time.GetTimestamp()), time);
    }

    public Uri Address { get; }

    public IPAddress? Ip { get; }

    public HttpClient Client { get; }

    /// <summary>Around one try here.</summary>
    public ResiliencePipeline Pipeline { get; }

    /// <summary>Texts that it has been sent and has not answered.</summary>
    public int Texts => Volatile.Read(ref _texts);

    /// <summary>False while it is let alone; true again once it is time for a try.</summary>
    public bool IsOpenToTries => _state.CircuitState is CircuitState.Closed or CircuitState.HalfOpen || _time.GetElapsedTime(Volatile.Read(ref _opened)) >= _break;

    public void Take(int texts) => Interlocked.Add(ref _texts, texts);

    public void GiveBack(int texts) => Interlocked.Add(ref _texts, -texts);

    public void Dispose() => Client.Dispose();

    public override string ToString() => $"{Address.GetLeftPart(UriPartial.Authority)}{(Ip is null ? "" : $" ({Ip})")}";

    static SocketsHttpHandler Handler(Uri address, IPAddress? ip)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        };
        if (ip is not null) handler.ConnectCallback = (_, cancellationToken) => ConnectAsync(new(ip, address.Port), cancellationToken);
        return handler;
    }

    static async ValueTask<Stream> ConnectAsync(IPEndPoint to, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
