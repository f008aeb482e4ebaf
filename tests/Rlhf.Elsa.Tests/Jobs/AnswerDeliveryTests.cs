using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Steps.Jobs;

namespace Rlhf.Elsa.Tests.Jobs;

/// <summary>What the host asks of the jobs that nobody has answered yet.</summary>
public sealed class AnswerDeliveryTests
{
    [Fact]
    public async Task A_job_that_waits_is_read_once_however_often_the_host_looks_and_ended_when_its_instance_is_over()
    {
        var reads = new ConcurrentDictionary<string, int>();
        await using var world = await FakeWorld.StartAsync(seenThrough: jobs => new CountedReads(jobs, reads));
        await world.PublishAsync("waits");
        var instances = new List<string>();
        for (var i = 0; i < 3; i++) instances.Add(await world.DispatchAsync("waits"));
        foreach (var instance in instances) await world.UntilAsync(instance, "Suspended");

        // Three times the pause between two looks, and more.
        await Task.Delay(TimeSpan.FromSeconds(10));

        Assert.Equal((await world.Jobs.OpenAsync(default)).Select(j => (j.Id, 1)).Order(), reads.Select(r => (r.Key, r.Value)).Order());
        Assert.Equal(3, reads.Count);

        await world.Host.AskAsync("DELETE", $"workflow-instances/{instances[0]}");
        await world.Host.AskAsync("POST", $"cancel/workflow-instances/{instances[1]}", new JsonObject());
        await world.UntilAsync(instances[1], "Cancelled");

        // What was deleted may be one that is only just being started, and keeps its job for an hour.
        for (var i = 0; i < 100 && (await world.Jobs.OpenAsync(default)).Count > 2; i++) await Task.Delay(100);
        Assert.Equal(2, (await world.Jobs.OpenAsync(default)).Count);
        Assert.Equal(instances[2], (await world.StateAsync(instances[2]))!["id"]!.ToString());
    }

    /// <summary>Counts how often each job is read.</summary>
    sealed class CountedReads(IStepJobs inner, ConcurrentDictionary<string, int> reads) : IStepJobs
    {
        public Task<StepJob?> FindAsync(string id, CancellationToken cancellationToken)
        {
            reads.AddOrUpdate(id, 1, (_, count) => count + 1);
            return inner.FindAsync(id, cancellationToken);
        }

        public Task SubmitAsync(StepJob job, CancellationToken cancellationToken) => inner.SubmitAsync(job, cancellationToken);

        public Task<StepAnswer?> AnswerAsync(string id, CancellationToken cancellationToken) => inner.AnswerAsync(id, cancellationToken);

        public Task<IReadOnlyList<OpenJob>> OpenAsync(CancellationToken cancellationToken) => inner.OpenAsync(cancellationToken);

        public Task AcknowledgeAsync(string id, CancellationToken cancellationToken) => inner.AcknowledgeAsync(id, cancellationToken);

        public Task<bool> WakeAsync(string id, CancellationToken cancellationToken) => inner.WakeAsync(id, cancellationToken);

        public Task<bool> IsWokenAsync(string id, CancellationToken cancellationToken) => inner.IsWokenAsync(id, cancellationToken);

        public Task CancelAsync(string id, CancellationToken cancellationToken) => inner.CancelAsync(id, cancellationToken);
    }
}
