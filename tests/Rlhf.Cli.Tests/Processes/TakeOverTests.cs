using System.Diagnostics;
using Npgsql;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Journal;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

/// <summary>A worker is gone, or only its network is: another one takes its step over.</summary>
public sealed class TakeOverTests(FinishedRound round)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_worker_loses_its_step_within_60_seconds_to_another_one_that_goes_on_from_the_checkpoint()
    {
        await using var site = new Site(PostgresServer.NewDatabase()) { SavesEveryUpdate = true };
        await site.ServeAsync("--queues", "cpu");
        Running[] workers = [site.Start("worker", "--queues", "gpu,cpu"), site.Start("worker", "--queues", "gpu,cpu")];
        var follower = site.StartRound();
        var job = await site.UntilPpoHasACheckpointAsync();

        await workers.Single(job.IsOf).KillAsync();
        var (killed, clock) = (TimeProvider.System.GetUtcNow(), Stopwatch.StartNew());
        await site.UntilAsync("another worker has PPO", async () => await site.Look.JobAsync("train-policy") is { IsRunning: true } taken && taken.Epoch > job.Epoch ? taken : null);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"after {clock.Elapsed}");
        Assert.True((await follower.EndAsync()).ExitCode == 0, $"{follower}");
        await RoundFacts.AssertSameAsync(round, site);
        var updates = await PpoUpdatesAsync(site.Store);
        Assert.True(updates[0] < killed && updates[^1] > killed, "the first update is the dead worker's, the last the other one's");
    }

    [Fact]
    public async Task A_worker_killed_while_it_took_a_job_from_the_queue_keeps_the_step_from_the_next_one_for_less_than_60_seconds()
    {
        await using var site = new Site(PostgresServer.NewDatabase());
        await site.ServeAsync();
        // What such a worker leaves behind in Hangfire's tables, for the first job of this store.
        await using (var connection = new NpgsqlConnection(site.Database))
        {
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand("INSERT INTO hangfire.lock (resource, acquired) VALUES ('hangfire:job:1:state-lock', now() AT TIME ZONE 'UTC')", connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        var clock = Stopwatch.StartNew();
        site.StartRound();
        await site.UntilAsync("the first step runs", async () => await site.Look.JobAsync("prepare-policy") is { IsRunning: true } job ? job : null);

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"after {clock.Elapsed}");
    }

    [Fact]
    public async Task A_worker_cut_off_for_longer_than_its_lease_cannot_commit_over_the_one_that_took_its_step()
    {
        await using var site = new Site(PostgresServer.NewDatabase()) { SavesEveryUpdate = true, Environment = { ["RLHF_LEASE_SECONDS"] = "2" } };
        await using var proxy = new Proxy(PostgresServer.Required().Port);
        var detour = new NpgsqlConnectionStringBuilder(site.Database) { Port = proxy.Port }.ToString();
        await site.ServeAsync("--queues", "cpu");
        var cutOff = site.StartOver(detour, "worker", "--queues", "gpu,cpu");
        var follower = site.StartRound();
        var job = await site.UntilPpoHasACheckpointAsync();
        Assert.True(job.IsOf(cutOff), $"{job}");

        proxy.Cut();
        var other = site.Start("worker", "--queues", "gpu,cpu");
        var trained = site.Checkpoints()[^1];
        await site.UntilAsync("training goes on behind the cut", () => Task.FromResult(site.Checkpoints()[^1].CompareTo(trained) > 0 ? "yes" : null));
        await site.UntilAsync("the other worker has PPO", async () => await site.Look.JobAsync("train-policy") is { IsRunning: true } taken && taken.IsOf(other) ? taken : null);
        proxy.Heal();

        Assert.True((await follower.EndAsync()).ExitCode == 0, $"{follower}");
        await cutOff.UntilItSaysAsync("taken over");
        await RoundFacts.AssertSameAsync(round, site);
    }

    /// <summary>When each update of PPO that counts was made.</summary>
    static async Task<List<DateTimeOffset>> PpoUpdatesAsync(string store)
    {
        var objects = new FolderObjectStore(store);
        var record = (await new StepRecords(objects).ListAsync(Token)).Single(r => r.Step == "TrainPolicy");
        return [.. (await MetricJournal.ReadAsync(objects, record.Journal!, Token)).Where(l => l.Metric == "objective/score").OrderBy(l => l.Update).Select(l => l.At)];
    }
}
