using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;

namespace Rlhf.Pipeline.Tests.Rounds;

public sealed class StartRoundTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    Task<JsonObject> Start(string instance, int? sameAs = null) =>
        _run.Completes("StartRound", new() { ["sft"] = $"{Some.Policy('a')}", ["baseSeed"] = 1, ["sameAs"] = sameAs }, instance);

    [Fact]
    public async Task The_supervised_policy_is_the_first_champion()
    {
        var round = await Start("one");

        Assert.Equal(1, round["round"]!.GetValue<int>());
        Assert.Equal($"{Some.Policy('a')}", round["champion"]!.GetValue<string>());
        Assert.Null(round["preferences"]);
    }

    [Fact]
    public async Task The_next_round_has_the_next_number_another_seed_and_the_new_champion()
    {
        var first = await Start("one");
        var aliases = new Aliases(_run.Objects);
        var campaign = first["campaign"]!.GetValue<string>();
        await aliases.TryAppendAsync(Aliases.Champion(campaign), new(2, Some.Policy('b'), "promoted", DateTimeOffset.UnixEpoch, "one"), Token);

        var second = await Start("two");

        Assert.Equal(2, second["round"]!.GetValue<int>());
        Assert.NotEqual(first["seed"]!.GetValue<long>(), second["seed"]!.GetValue<long>());
        Assert.Equal($"{Some.Policy('b')}", second["champion"]!.GetValue<string>());
        Assert.Equal($"{Some.Policy('a')}", second["reference"]!.GetValue<string>());
        Assert.Equal((null, $"{Some.Policy('a')}"), (first["earlier"]?.GetValue<string>(), second["earlier"]!.GetValue<string>()));
    }

    [Fact]
    public async Task An_instance_that_starts_twice_has_one_number()
    {
        await Start("one");
        File.Delete(Directory.GetFiles(Path.Combine(_run.Folder, "records")).Single()); // as if it had died before its record

        Assert.Equal(1, (await Start("one"))["round"]!.GetValue<int>());
        Assert.Equal(2, (await Start("two"))["round"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_replay_starts_from_what_the_round_started_from()
    {
        var first = await Start("one");
        var campaign = first["campaign"]!.GetValue<string>();
        await new Aliases(_run.Objects).TryAppendAsync(Aliases.Champion(campaign), new(2, Some.Policy('b'), "promoted", DateTimeOffset.UnixEpoch, "one"), Token);

        var replay = await Start("two", sameAs: 1);

        Assert.True(JsonNode.DeepEquals(first, replay));
    }

    [Fact]
    public async Task A_round_that_never_was_cannot_be_replayed() =>
        Assert.Contains("Round 9", await _run.Fails("StartRound", new() { ["sft"] = $"{Some.Policy('a')}", ["baseSeed"] = 1, ["sameAs"] = 9 }), StringComparison.Ordinal);
}
