using System.Text.Json.Nodes;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Hooks;

/// <summary>
/// Wakes what waits for an event, at once, but not more often than every few seconds: each time everything is read anew, and a team at work answers more often
/// than that. Of deliveries that come meanwhile one more follows, so that the last is never lost; were the process killed, the steps look by themselves.
/// </summary>
sealed class Wakes(Site site) : IDisposable
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly Dictionary<string, State> _states = [];

    sealed class State
    {
        public DateTimeOffset Next { get; set; } = DateTimeOffset.MinValue;

        public bool Follows { get; set; }
    }

    public async Task WakeAsync(string name, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_gate)
        {
            if (!_states.TryGetValue(name, out var state)) _states[name] = state = new();
            if (state.Follows) return;
            var now = site.Time.GetUtcNow();
            wait = state.Next - now;
            state.Follows = wait > TimeSpan.Zero;
            if (!state.Follows) state.Next = now + Pause;
        }
        if (wait <= TimeSpan.Zero) await SendAsync(name, cancellationToken);
        else _ = FollowAsync(name, wait);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    async Task FollowAsync(string name, TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, site.Time, _stop.Token);
            lock (_gate) (_states[name].Follows, _states[name].Next) = (false, site.Time.GetUtcNow() + Pause);
            await SendAsync(name, _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            site.Log($"The event '{name}' was not sent: {e.Message}");
        }
    }

    Task SendAsync(string name, CancellationToken cancellationToken) => site.Runtime.SendEventAsync(name, new JsonObject(), null, cancellationToken);
}
