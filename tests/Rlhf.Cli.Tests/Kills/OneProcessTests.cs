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
            await using var site = new Site { SavesEveryUpdate = true };
            await RunToItsEndAsync(site, chance, tally);
            await RoundFacts.AssertSameAsync(round, site);
            Assert.Empty(site.Checkpoints());
            tally.RoundWasRight();
        }

        Assert.True(tally.Places >= Math.Min(8, tally.Wanted / 3), $"{tally}");
    }

    async Task RunToItsEndAsync(Site site, Random chance, Tally tally)
    {
        while (true)
        {
            var process = site.StartRound();
            var ended = tally.IsDone ? (await process.EndAsync()).ExitCode == 0
                : chance.Next(2) == 0 ? await EndsBeforeAsync(process, chance)
                : await EndsBeforeRareStepAsync(process, site, chance, tally);
            if (ended || !await process.KillAsync())
            {
                Assert.True((await process.EndAsync()).ExitCode == 0, $"{process}");
                return;
            }
            var place = await site.Look.PlaceAsync();
            tally.Killed(place);
            if (place == "after the end") return;
        }
    }

    /// <summary>
    /// The moment by the clock, in parts of an undisturbed run, start-up included, so that lives of every length occur on a fast and on a slow
    /// machine.
    /// </summary>
    Task<bool> EndsBeforeAsync(Running process, Random chance) => process.EndsWithinAsync(round.Wall * (0.01 + 0.45 * chance.NextDouble()));

    /// <summary>The moment within a tenth of a second after a step has begun that was hardly hit yet: by the clock alone the short ones never are.</summary>
    static async Task<bool> EndsBeforeRareStepAsync(Running process, Site site, Random chance, Tally tally)
    {
        var delay = TimeSpan.FromMilliseconds(100 * chance.NextDouble());
        while (!(await site.Look.JobsAsync()).Any(j => j.IsRunning && tally.IsRare(j.Execution)))
        {
            if (await process.EndsWithinAsync(TimeSpan.FromMilliseconds(20))) return true;
        }
        return await process.EndsWithinAsync(delay);
    }
}
