using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Elsa.Scheduling.Schedules;
using Rlhf.Elsa.Hosting;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Elsa.Tests.Hosting;

/// <summary>Two nodes over one store and one database.</summary>
public sealed class ClusterTests
{
    [Fact]
    public Task Two_nodes_over_PostgreSQL_start_one_instance_at_each_time_and_take_each_answer_once() => RunAsync(PostgresServer.NewDatabase());

    [Fact]
    public Task Two_nodes_over_one_SQLite_file_do_so_too() => RunAsync(null);

    static async Task RunAsync(string? postgres)
    {
        await using var world = await FakeWorld.StartAsync(postgres);
        await using var second = await world.NodeAsync(postgres);
        var runs = new ConcurrentQueue<string>();
        world.Work((execution, _, _) =>
        {
            runs.Enqueue(execution.Instance);
            return Task.FromResult(FakeStep.Done());
        });
        var cron = FakeWorld.Activity("every-two-seconds", "Elsa.Cron");
        (cron["cronExpression"], cron["customProperties"]) = (FakeWorld.Literal("String", "*/2 * * * * *"), new JsonObject { ["canStartWorkflow"] = true });
        await world.PublishAsync("ticks", activities: [cron], connections: [FakeWorld.Connection("every-two-seconds", "Done", "fake")]);
        // The other node learns of the schedule when it starts, as after a deployment.
        await using var third = await world.NodeAsync(postgres);

        await Task.Delay(TimeSpan.FromSeconds(9));

        await world.Host.AskAsync("POST", "workflow-definitions/ticks/retract", new JsonObject());
        await Task.Delay(TimeSpan.FromSeconds(3));
        var instances = (await world.Host.AskAsync("GET", "workflow-instances?definitionId=ticks&pageSize=100")).Body!["items"]!.AsArray();
        var seconds = instances.Select(i => DateTimeOffset.Parse($"{i!["createdAt"]}").ToUnixTimeSeconds() / 2).ToList();
        Assert.InRange(instances.Count, 3, 7);
        Assert.Equal(seconds.Distinct().Count(), seconds.Count);
        Assert.Equal(runs.Count, runs.Distinct().Count());
    }

    [Theory]
    [InlineData("0 6 * * 1", "2026-11-30T06:00:00.250Z", "2026-11-30T06:00:00Z")]
    [InlineData("*/2 * * * * *", "2026-11-30T06:00:03.980Z", "2026-11-30T06:00:04Z")]
    [InlineData("*/2 * * * * *", "2026-11-30T06:00:04.900Z", "2026-11-30T06:00:04Z")]
    public void A_timer_that_fires_a_moment_early_or_late_belongs_to_its_due_time(string cron, string now, string due) =>
        Assert.Equal(DateTimeOffset.Parse(due), ClusterScheduler.DueAt(new CronSchedule(cron), DateTimeOffset.Parse(now)));
}
