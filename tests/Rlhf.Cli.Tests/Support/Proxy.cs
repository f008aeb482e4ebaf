using System.Net;
using System.Net.Sockets;

namespace Rlhf.Cli.Tests.Support;

/// <summary>
/// A way through loopback to a port of this machine that can be cut and healed. Cut, it swallows nothing and answers nothing: what is under
/// way waits, as it does where packets are lost, and goes on when it is healed. It can also be closed, as if nobody were behind it.
/// </summary>
sealed class Proxy : IAsyncDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly CancellationTokenSource _stop = new();
    readonly int _target;
    readonly Task _accepting;
    CancellationTokenSource _connections = new();
    volatile bool _closed;
    volatile TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Proxy(int target)
    {
        _target = target;
        _listener.Start();
        Heal();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends every connection, those that come too, until it is healed.</summary>
    public void Close()
    {
        _closed = true;
        Interlocked.Exchange(ref _connections, new()).Cancel();
    }

    public void Heal()
    {
        _closed = false;
        _open.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAny(_accepting);
        _stop.Dispose();
    }

    async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = Task.Run(() => ForwardAsync(client));
        }
    }

    async Task ForwardAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _connections.Token);
        using (client)
        {
            try
            {
                if (_closed) return;
                await _open.Task.WaitAsync(end.Token);
                await server.ConnectAsync(IPAddress.Loopback, _target, end.Token);
                await Task.WhenAny(PumpAsync(client, server, end.Token), PumpAsync(server, client, end.Token));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side is gone; so is the connection.
            }
        }
    }

    async Task PumpAsync(TcpClient from, TcpClient to, CancellationToken end)
    {
        var buffer = new byte[1 << 16];
        while (true)
        {
            var read = await from.GetStream().ReadAsync(buffer, end);
            if (read == 0) return;
            await _open.Task.WaitAsync(end);
            await to.GetStream().WriteAsync(buffer.AsMemory(0, read), end);
        }
    }
}
