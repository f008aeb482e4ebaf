using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Promotions;

public sealed class PreparePromotionTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static Task<StepResult> PrepareAsync(SomePromotion some, string policy, string environment, string? campaign = null, string instance = "i") => some.Runner(some.Objects).RunAsync(
        "PreparePromotion", new() { ["policy"] = policy, ["environment"] = environment, ["campaign"] = campaign }, new(instance, "prepare"), some.Said, Token);

    static async Task<JsonObject> PreparedAsync(SomePromotion some, string policy, string environment, string? campaign = null, string instance = "i") =>
        await PrepareAsync(some, policy, environment, campaign, instance) is StepResult.Completed completed ? completed.Outputs : throw new InvalidOperationException("It was not prepared.");

    [Fact]
    public async Task The_newest_decision_that_opened_the_gate_against_the_environments_champion_is_found()
    {
        using var some = await SomePromotion.ReadyAsync();
        await new Names(some.Objects, some.Time).AddAsync("policy", SomePromotion.Challenger, Token);
        await some.DecidedAsync(60);
        some.Time.Advance(TimeSpan.FromHours(1));
        var newest = await some.DecidedAsync(70, instance: "later");
        some.Time.Advance(TimeSpan.FromHours(1));
        await some.DecidedAsync(60, 20, instance: "closed");

        var prepared = await PreparedAsync(some, "policy@1", SomePromotion.Environment);

        Assert.Equal(
            ($"{SomePromotion.Challenger}", $"{SomePromotion.Champion}", $"{newest}", SomePromotion.Campaign, SomePromotion.Environment),
            ($"{prepared["challenger"]}", $"{prepared["champion"]}", $"{prepared["decision"]}", $"{prepared["campaign"]}", $"{prepared["environment"]}"));
    }

    [Fact]
    public async Task An_environment_without_a_champion_takes_the_campaign_of_the_champion_that_was_compared_with()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync();

        var prepared = await PreparedAsync(some, $"{SomePromotion.Challenger}", "prod");

        Assert.Equal((SomePromotion.Campaign, $"{decision}"), ($"{prepared["campaign"]}", $"{prepared["decision"]}"));
    }

    [Fact]
    public async Task Where_several_campaigns_had_that_champion_the_campaign_must_be_named()
    {
        using var some = await SomePromotion.ReadyAsync();
        await new Aliases(some.Objects).TryAppendAsync(Aliases.Champion("beef"), new(1, SomePromotion.Champion, "also", some.Time.GetUtcNow(), "i"), Token);
        await some.DecidedAsync();

        var failed = Assert.IsType<StepResult.Failed>(await PrepareAsync(some, $"{SomePromotion.Challenger}", "prod"));

        Assert.Contains("was champion of the campaigns 0f3a, beef; expected the input 'campaign'", failed.Reason, StringComparison.Ordinal);
        Assert.Equal("beef", $"{(await PreparedAsync(some, $"{SomePromotion.Challenger}", "prod", "beef", "j"))["campaign"]}");
    }

    [Fact]
    public async Task Without_an_open_gate_it_says_which_decisions_there_are_and_how_to_get_one()
    {
        using var some = await SomePromotion.ReadyAsync();
        await some.DecidedAsync(60, 20);

        var failed = Assert.IsType<StepResult.Failed>(await PrepareAsync(some, $"{SomePromotion.Challenger}", SomePromotion.Environment));
        var unknown = Assert.IsType<StepResult.Failed>(await PrepareAsync(some, $"{Some.Policy('d')}", SomePromotion.Environment, instance: "j"));

        Assert.Contains($"gates have said Reject against {SomePromotion.Champion.Short} at 2026-03-01 09:00 UTC. rlhf run evaluate-challenger --input campaign=0f3a --input champion={SomePromotion.Champion} --input challenger={SomePromotion.Challenger}", failed.Reason, StringComparison.Ordinal);
        Assert.Contains("no gate has decided about it", unknown.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_against_another_champion_than_the_environments_is_not_taken()
    {
        using var some = await SomePromotion.ReadyAsync();
        await some.DecidedAsync();
        await new Aliases(some.Objects, SomePromotion.Environment).TryAppendAsync(Aliases.Champion(SomePromotion.Campaign), new(2, Some.Policy('c'), "another", some.Time.GetUtcNow(), "j"), Token);

        var failed = Assert.IsType<StepResult.Failed>(await PrepareAsync(some, $"{SomePromotion.Challenger}", SomePromotion.Environment));

        Assert.Contains($"'staging' has {Some.Policy('c').Short} as champion of 0f3a; gates have said Promote against {SomePromotion.Champion.Short}", failed.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_promoted_and_is_asked_for_again_is_the_same_promotion()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync();
        await some.PromotedAsync(SomePromotion.Values(decision));

        var prepared = await PreparedAsync(some, $"{SomePromotion.Challenger}", SomePromotion.Environment);

        Assert.Equal(($"{decision}", $"{SomePromotion.Champion}"), ($"{prepared["decision"]}", $"{prepared["champion"]}"));
    }
}
