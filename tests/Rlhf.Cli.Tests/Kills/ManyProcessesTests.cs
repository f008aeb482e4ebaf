using Rlhf.Cli.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Kills;

/// <summary>Proof 1 with PostgreSQL: a driver, two workers and a round that follows; any of them dies at any moment and is started again.</summary>
public sealed class ManyProcessesTests(FinishedRound round)
{
    const int Seed = 20261124;

    [Fact]
    public async Task A_round_whose_driver_and_workers_are_killed_at_random_moments_ends_as_the_undisturbed_one()
    {
        PostgresServer.Required();
        var tally = new Tally($"driver and two workers, seed {Seed}", "RLHF_KILLS_POSTGRES", 6);
        var chance = new Random(Seed);

        while (!tally.IsDone)
        {
            await using var site = new Site(PostgresServer.NewDatabase()) { SavesEveryUpdate = true, Environment = { ["RLHF_LEASE_SECONDS"] = "4" } };
            await RunToItsEndAsync(await Crew.BeginAsync(site), chance, tally);
            await RoundFacts.AssertSameAsync(round, site);
            tally.RoundWasRight();
        }

        Assert.True(tally.Places >= Math.Min(6, tally.Wanted / 3), $"{tally}");
    }

    async Task RunToItsEndAsync(Crew crew, Random chance, Tally tally)
    {
        while (true)
        {
            var moment = tally.IsDone ? TimeSpan.FromMinutes(10) : round.Wall * (0.05 + 0.35 * chance.NextDouble());
            if (await crew.RoundEndsWithinAsync(moment)) return;
            tally.Killed(await crew.KillAsync((Role)chance.Next(3)));
            await Task.Delay(round.Wall * (0.1 * chance.NextDouble()), TestContext.Current.CancellationToken);
            if (!await crew.ReviveAsync()) return;
        }
    }
}
