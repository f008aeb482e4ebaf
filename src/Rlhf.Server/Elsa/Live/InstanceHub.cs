using Microsoft.AspNetCore.SignalR;

namespace Rlhf.Server.Elsa.Live;

/// <summary>The hub that Studio's instance viewer listens to; the names are Elsa's.</summary>
sealed class InstanceHub(LiveInstances live) : Hub
{
    /// <summary>From now on the caller is told of every change of the instance.</summary>
    public Task ObserveInstanceAsync(string instanceId)
    {
        live.Observe(Context.ConnectionId, instanceId, Context.ConnectionAborted);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        live.Forget(Context.ConnectionId);
        return base.OnDisconnectedAsync(exception);
    }
}
