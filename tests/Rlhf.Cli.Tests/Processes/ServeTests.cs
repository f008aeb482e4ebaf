using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

/// <summary>One process drives a store; others submit, follow, cancel, and stop it.</summary>
public sealed class ServeTests(FinishedRound round, RoundInPpo ppo) : IClassFixture<RoundInPpo>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_round_in_another_terminal_submits_and_follows_and_a_second_driver_is_refused_by_name()
    {
        await using var site = new Site();
        var serve = await site.ServeAsync();

        var follower = site.StartRound();
        var second = await site.RunAsync("serve", "--no-pages");
        var said = await follower.EndAsync();
        serve.Terminate();

        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"process {serve.Id} ", second.Error, StringComparison.Ordinal);
        Assert.True(said.ExitCode == 0, $"{follower}");
        Assert.Contains("Another process drives", said.Error, StringComparison.Ordinal);
        Assert.Equal($"{round.Said.Json["report"]}", $"{said.Json["report"]}");
        Assert.Contains("train-policy", serve.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await serve.EndAsync()).ExitCode);
        await RoundFacts.AssertSameAsync(round, site);
    }

    [Fact]
    public async Task Cancelled_from_another_process_training_stops_its_checkpoint_stays_and_nothing_runs_afterwards()
    {
        await using var site = ppo.Copy();
        var serve = await site.ServeAsync();
        var follower = site.Start("instances", "resume", ppo.Instance);
        await UntilItGoesOnAsync(site);

        var cancelled = await site.RunAsync("instances", "cancel", ppo.Instance);
        Assert.True(cancelled.ExitCode == 0, cancelled.Error);
        var stopped = await site.UntilAsync("no checkpoint comes any more", async () =>
        {
            var before = site.Checkpoints();
            await Task.Delay(TimeSpan.FromSeconds(4), Token);
            return site.Checkpoints().SequenceEqual(before) ? before : null;
        });

        // A training that comes to its end leaves none.
        Assert.NotEmpty(stopped);
        Assert.Empty(await site.Look.JobsAsync());
        Assert.Equal("Cancelled", Assert.Single(await site.Look.InstancesAsync()).Status);
        var followed = await follower.EndAsync();
        Assert.Equal((1, true), (followed.ExitCode, followed.Error.Contains("was cancelled", StringComparison.Ordinal)));
        Assert.False(serve.HasExited, $"{serve}");
    }

    [Fact]
    public async Task Asked_to_stop_while_it_still_starts_it_hands_over_the_step_that_runs_already()
    {
        await using var site = ppo.Copy();
        var serve = site.Start("serve", "--no-pages");
        await serve.UntilItSaysAsync("train-policy");
        serve.Terminate();

        Assert.True((await serve.EndAsync()).ExitCode == 0, $"{serve}");
        var job = await site.Look.JobAsync("train-policy");
        Assert.Equal(("Queued", null), (job!.Status, job.Owner));
    }

    [Fact]
    public async Task Asked_to_stop_it_hands_its_step_over_within_30_seconds_and_the_next_one_goes_on_from_the_checkpoint()
    {
        await using var site = ppo.Copy();
        var serve = site.Start("serve", "--no-pages");
        var running = await UntilItGoesOnAsync(site);

        serve.Terminate();

        Assert.True(await serve.EndsWithinAsync(TimeSpan.FromSeconds(30)), $"{serve}");
        Assert.True((await serve.EndAsync()).ExitCode == 0, $"{serve}");
        var job = await site.Look.JobAsync("train-policy");
        Assert.Equal(("Queued", null), (job!.Status, job.Owner));
        Assert.True(job.Lost <= running.Lost, $"{job} after {running}");
        var left = site.Checkpoints()[^1];
        site.Start("serve", "--no-pages");
        var next = await site.UntilAsync("a checkpoint of the next one", () => Task.FromResult(site.Checkpoints() is [.., var newest] && newest.Epoch > left.Epoch ? $"{newest.Number}" : null));
        Assert.True(int.Parse(next, null) > left.Number, $"{next} after {left}");
    }

    [Fact]
    public async Task A_step_that_gets_further_between_kills_is_not_taken_for_what_its_workers_die_of()
    {
        await using var site = ppo.Copy();

        for (var kill = 1; kill <= 6; kill++)
        {
            var serve = site.Start("serve", "--no-pages");
            var epoch = site.Checkpoints()[^1].Epoch;
            await site.UntilAsync("PPO got further", async () =>
                await site.Look.JobAsync("train-policy") is { IsRunning: true, Lost: 0 } job && job.Epoch > epoch ? job : null);
            await serve.KillAsync();
        }

        Assert.Equal("Running", Assert.Single(await site.Look.InstancesAsync()).Status);
        site.Start("serve", "--no-pages");
        await UntilItGoesOnAsync(site);
    }

    /// <summary>Waits until PPO has gone on from the fixture's checkpoint; returns its job.</summary>
    Task<JobSeen> UntilItGoesOnAsync(Site site) => site.UntilAsync("PPO goes on", async () =>
        await site.Look.JobAsync("train-policy") is { IsRunning: true } job && site.Checkpoints() is [.., var newest] && newest.Epoch > ppo.Left.Epoch ? job : null);
}
