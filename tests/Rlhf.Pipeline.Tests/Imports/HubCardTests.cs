using Rlhf.Pipeline.Imports;
using Rlhf.Pipeline.Tests.Promotions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Imports;

public sealed class HubCardTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static Task<string> CardAsync(SomePromotion promotion) => HubCard.OfAsync(promotion.Artifacts, SomePromotion.Challenger, Token);

    static string Metadata(string card) => card.Split("---\n") is ["", var metadata, ..] ? metadata : throw new InvalidDataException("The card has no metadata before its text.");

    [Fact]
    public async Task The_card_of_a_promoted_policy_has_the_Hub_s_metadata_the_figures_the_approvers_and_what_it_was_made_from()
    {
        using var promotion = await SomePromotion.ReadyAsync(approvals: 1);
        var decision = await promotion.DecidedAsync(wins: 57);
        promotion.Time.Advance(TimeSpan.FromMinutes(1));
        await promotion.LookAsync(SomePromotion.Values(decision));
        await promotion.ApproveAsync(await promotion.RequestAsync(), "ann", comment: "read it | [here](http://x) <img>");
        var outputs = await promotion.PromotedAsync(SomePromotion.Values(decision));

        var card = await CardAsync(promotion);

        var metadata = Metadata(card);
        Assert.StartsWith("library_name: transformers\npipeline_tag: text-generation\ntags:\n- \"rlhf\"\n- \"ppo\"\ndatasets:\n", metadata, StringComparison.Ordinal);
        Assert.Contains($"- \"{SomePromotion.Ref("preferences", '1')}\"\n- \"{SomePromotion.Ref("prompts", '3')}\"\nmodel-index:\n- name: \"{SomePromotion.Challenger}\"\n", metadata, StringComparison.Ordinal);
        Assert.Contains("    - type: win_rate\n      name: \"Win rate against policy/aaaaaaaa\"\n      value: 0.95\n      verified: false\n", metadata, StringComparison.Ordinal);
        Assert.DoesNotContain("license", metadata, StringComparison.Ordinal);
        Assert.DoesNotContain("imulated", card, StringComparison.Ordinal);
        Assert.Contains($"Version 2 of the champion of campaign `{SomePromotion.Campaign}` in `{SomePromotion.Environment}`", card, StringComparison.Ordinal);
        Assert.Contains("ann approved at", card, StringComparison.Ordinal);
        Assert.Contains(": read it \\| \\[here](http://x) &lt;img>\n", card, StringComparison.Ordinal);
        Assert.Contains($"Record `{outputs["record"]}`, signed with key `{promotion.Signer.KeyId}`", card, StringComparison.Ordinal);
        Assert.Contains($"| reward-model | `{SomePromotion.Ref("reward-model", '2')}` |", card, StringComparison.Ordinal);
        Assert.Contains("Guidelines of its labelers: guide-1, guide-2.", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_never_promoted_says_so_and_simulated_figures_are_called_simulated()
    {
        using var promotion = await SomePromotion.ReadyAsync();
        var none = await CardAsync(promotion);
        await promotion.DecidedAsync(wins: 30, kind: LabelerKind.Simulated);

        var card = await CardAsync(promotion);

        Assert.Contains("Never promoted, and no gate has decided about it.", none, StringComparison.Ordinal);
        Assert.DoesNotContain("model-index", none, StringComparison.Ordinal);
        Assert.Contains("Never promoted; the gate's newest decision about it is **NeedMoreJudgements**.", card, StringComparison.Ordinal);
        Assert.Contains("- \"simulated-judgements\"", Metadata(card), StringComparison.Ordinal);
        Assert.Contains("name: \"Win rate against policy/aaaaaaaa (simulated)\"", Metadata(card), StringComparison.Ordinal);
        Assert.Contains("**The judgements are simulated: nothing here says what people prefer.**", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_was_imported_has_a_card_that_knows_nothing_more()
    {
        using var promotion = await SomePromotion.ReadyAsync();

        var card = await HubCard.OfAsync(promotion.Artifacts, new ArtifactRef("policy", new('c', 64)), Token);

        Assert.StartsWith("---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n\n# policy/cccccccc\n", card, StringComparison.Ordinal);
        Assert.Contains("No step of the store made it; it was imported.", card, StringComparison.Ordinal);
    }
}
