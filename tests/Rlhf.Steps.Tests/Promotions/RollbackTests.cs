using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;

namespace Rlhf.Steps.Tests.Promotions;

public sealed class RollbackTests
{
    static readonly DateTimeOffset At = new(2026, 3, 1, 9, 0, 0, TimeSpan.Zero);

    readonly TransientObjectStore _objects = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static ArtifactRef Policy(char digit) => new("policy", new(digit, 64));

    async Task<SomeChampions> WithAsync(params char[] policies)
    {
        foreach (var (policy, i) in policies.Select((p, i) => (p, i)))
            await new Aliases(_objects, "prod").TryAppendAsync(Aliases.Champion("c"), new(i + 1, Policy(policy), "promoted", At, "i"), Token);
        return new(_objects);
    }

    sealed class SomeChampions(IObjectStore objects)
    {
        public async Task<AliasVersion> BackAsync(int? to = null, string why = "it rambles", DateTimeOffset? at = null) =>
            (await Rollback.ToAsync(objects, "prod", "c", to, why, "ann", at ?? At.AddHours(1), Token)).Now;
    }

    [Fact]
    public async Task A_rollback_is_a_further_version_and_a_second_one_goes_further_back()
    {
        var champions = await WithAsync('a', 'b', 'c');

        var first = await champions.BackAsync();
        var second = await champions.BackAsync();
        var error = await Assert.ThrowsAsync<ArgumentException>(() => champions.BackAsync());

        Assert.Equal((4, Policy('b'), 2, "rolled back to version 2 by ann: it rambles"), (first.Version, first.Artifact, first.RollbackTo, first.Reason));
        Assert.Equal((5, Policy('a'), 1), (second.Version, second.Artifact, second.RollbackTo));
        Assert.Contains("there was none before it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_version_may_be_named_forth_as_well_as_back()
    {
        var champions = await WithAsync('a', 'b', 'c');

        Assert.Equal(Policy('a'), (await champions.BackAsync(1)).Artifact);
        Assert.Equal(Policy('c'), (await champions.BackAsync(3)).Artifact);
        Assert.Contains("is the champion of c in 'prod' already", (await Assert.ThrowsAsync<ArgumentException>(() => champions.BackAsync(3))).Message, StringComparison.Ordinal);
        Assert.Contains("Version 9 is not among the champions of c in 'prod', which are 1 to 5", (await Assert.ThrowsAsync<ArgumentException>(() => champions.BackAsync(9))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_needs_a_reason_a_champion_and_a_clock_that_goes_forth()
    {
        var champions = await WithAsync('a', 'b');

        Assert.Contains("needs a reason", (await Assert.ThrowsAsync<ArgumentException>(() => champions.BackAsync(why: " "))).Message, StringComparison.Ordinal);
        Assert.Contains("The clock was set back", (await Assert.ThrowsAsync<ArgumentException>(() => champions.BackAsync(at: At.AddDays(-1)))).Message, StringComparison.Ordinal);
        Assert.Contains("has no champion of campaign x", (await Assert.ThrowsAsync<ArgumentException>(() => Rollback.ToAsync(_objects, "prod", "x", null, "why", "ann", At, Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_rollbacks_at_once_one_is_told_about_the_other()
    {
        var champions = await WithAsync('a', 'b', 'c');

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return $"{(await Task.Run(() => champions.BackAsync(1))).Version}";
            }
            catch (Exception e) when (e is IOException or ArgumentException)
            {
                return e.Message;
            }
        }));

        Assert.Single(all, "4");
        Assert.All(all.Where(a => a != "4"), a => Assert.Matches("was taken meanwhile: policy/aaaaaaaa, rolled back|is policy/aaaaaaaa, which is the champion", a));
    }
}
