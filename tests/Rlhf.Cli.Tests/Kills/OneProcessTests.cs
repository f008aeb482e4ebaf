using Rlhf.Cli.Tests.Support;

namespace Rlhf.Cli.Tests.Kills;

/// <summary>Proof 1: <c>kill -9</c> at random moments, the same command again, until the round ends.</summary>
public sealed class OneProcessTests(FinishedRound round)
{
    const int Seed = 20261123;

    [Fact]
    public async Task A_round_killed_at_random_moments_ends_as_the_undisturbed_one()
    {
        var tally = new Tally($"one process, seed {Seed}", "RLHF_KILLS", 20);
        var chance = new Random(Seed);

        while (!tally.IsDone)
        {
            await using var site = new Site();
            await RunToItsEndAsync(site, chance, tally);
            await RoundFacts.AssertSameAsync(round, site);
            Assert.Empty(site.Checkpoints());
            tally.RoundWasRight();
        }

        Assert.True(tally.Places > Math.Min(5, tally.Wanted / 4), $"{tally}");
    }

    async Task RunToItsEndAsync(Site site, Random chance, Tally tally)
    {
        while (true)
        {
            var process = site.StartRound();
            // In parts of an undisturbed run, start-up included, so that lives of every length occur on a fast and on a slow machine.
            var life = tally.IsDone ? TimeSpan.FromMinutes(10) : round.Wall * (0.01 + 0.45 * chance.NextDouble());
            if (await process.EndsWithinAsync(life) || !await process.KillAsync())
            {
                Assert.True((await process.EndAsync()).ExitCode == 0, $"{process}");
                return;
            }
            var place = await site.Look.PlaceAsync();
            tally.Killed(place);
            if (place == "after the end") return;
        }
    }
}
