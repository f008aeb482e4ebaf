using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Processes;

public sealed class RetryTests(FinishedRound round)
{
    [Fact]
    public async Task A_faulted_round_is_retried_at_exactly_the_step_that_failed_and_ends_as_the_undisturbed_one()
    {
        await using var site = new Site();
        var process = site.StartRound();
        await site.UntilAsync("the first step runs", async () => await site.Look.JobAsync("prepare-policy") is { IsRunning: true } job ? job : null);
        var preset = Directory.GetFiles(Path.Combine(site.Store, "manifests", "hparams")).Single();
        var hidden = Path.Combine(site.Store, "hidden");
        File.Move(preset, hidden);

        var failed = await process.EndAsync();
        File.Move(hidden, preset);
        var instance = Assert.Single(await site.Look.InstancesAsync());
        var retried = await site.RunAsync("instances", "retry", instance.Id, "--json");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains($"rlhf instances retry {instance.Id}", failed.Error, StringComparison.Ordinal);
        Assert.Equal("Faulted", instance.Status);
        Assert.True(retried.ExitCode == 0, retried.Error);
        Assert.Equal($"{round.Said.Json["report"]}", $"{retried.Json["report"]}");
        await RoundFacts.AssertSameAsync(round, site);
    }
}
