using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.SignalR;
using Rlhf.Server.Elsa.Instances;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Live;

/// <summary>Follows the instances that somebody looks at, whichever process moves them on, and tells who looks.</summary>
sealed class LiveInstances(Site site, IHubContext<InstanceHub> hub)
{
    /// <summary>Instances that one connection may look at.</summary>
    const int Most = 16;

    /// <summary>The least time between two messages about one instance.</summary>
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<string, ConcurrentDictionary<string, Task>> _observed = new(StringComparer.Ordinal);

    /// <exception cref="HubException">This connection looks at too many already.</exception>
    public void Observe(string connection, string instance, CancellationToken aborted)
    {
        var observed = _observed.GetOrAdd(connection, _ => new(StringComparer.Ordinal));
        if (observed.ContainsKey(instance)) return;
        if (observed.Count >= Most) throw new HubException($"One connection may look at {Most} instances; expected another connection for more.");
        observed[instance] = Task.Run(() => TellAsync(connection, instance, aborted), CancellationToken.None);
    }

    public void Forget(string connection) => _observed.TryRemove(connection, out _);

    async Task TellAsync(string connection, string instance, CancellationToken aborted)
    {
        while (!aborted.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(connection, instance, aborted);
                return;
            }
            catch (OperationCanceledException)
            {
                return; // nobody looks any more
            }
            catch (Exception e) when (e is DbException || e.InnerException is DbException)
            {
                await Task.Delay(Again, CancellationToken.None);
            }
            catch (Exception e)
            {
                site.Log($"Instance {instance} is not followed any more: {e}");
                return;
            }
        }
    }

    async Task FollowAsync(string connection, string instance, CancellationToken aborted)
    {
        var client = hub.Clients.Client(connection);
        await foreach (var _ in site.Runtime.Instances.FollowAsync(instance, aborted))
        {
            if (await site.Runtime.Instances.FindAsync(instance, aborted) is not { } record) return;
            var runs = ActivityRun.AllOf(record, []);
            await client.SendAsync("WorkflowInstanceUpdatedAsync", new JsonObject { ["workflowInstanceId"] = instance }, aborted);
            await client.SendAsync("WorkflowExecutionLogUpdatedAsync", new JsonObject { ["workflowInstanceId"] = instance }, aborted);
            await client.SendAsync("ActivityExecutionLogUpdatedAsync", new JsonObject
            {
                ["stats"] = new JsonArray([.. runs.GroupBy(r => r.NodePath).Select(g => RunShapes.Stats([.. g]))]),
            }, aborted);
            await Task.Delay(Pause, aborted);
        }
    }
}
