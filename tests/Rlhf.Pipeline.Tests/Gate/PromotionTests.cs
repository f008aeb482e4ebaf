using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class PromotionTests : IDisposable
{
    const string Campaign = "campaign";

    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    Aliases Aliases => new(_run.Objects);

    async Task<JsonObject> Values(string outcome, char champion = 'a', char challenger = 'b')
    {
        await Aliases.TryAppendAsync(Aliases.Champion(Campaign), new(1, Some.Policy('a'), "first", DateTimeOffset.UnixEpoch, "i"), Token);
        var verdict = new GateVerdict(outcome, "", null, 1, 1, 1, 0, 0, 1, 1, 1, 1, .95, 20, 1, true, [], new(), [], new Dictionary<string, string>());
        var decision = new GateDecision(Some.Policy(champion), Some.Policy(challenger), Some.Policy('e'), Some.Policy('f'), false, verdict);
        var artifact = await _run.Put("decision", ("decision.json", Encoding.UTF8.GetString(CanonicalJson.Serialize(decision))));
        return new() { ["campaign"] = Campaign, ["champion"] = $"{Some.Policy(champion)}", ["challenger"] = $"{Some.Policy(challenger)}", ["decision"] = $"{artifact}" };
    }

    Task<AliasVersion?> Champion() => Aliases.CurrentAsync(Aliases.Champion(Campaign), Token);

    [Fact]
    public async Task An_open_gate_makes_the_challenger_the_champion()
    {
        var outputs = await _run.Completes("PromoteChallenger", await Values("Promote"));

        Assert.Equal(2, outputs["version"]!.GetValue<int>());
        Assert.Equal(Some.Policy('b'), (await Champion())!.Artifact);
    }

    [Fact]
    public async Task A_closed_gate_leaves_the_champion_in_place()
    {
        var reason = await _run.Fails("PromoteChallenger", await Values("Reject"));

        Assert.Contains("says Reject", reason, StringComparison.Ordinal);
        Assert.Equal(Some.Policy('a'), (await Champion())!.Artifact);
    }

    [Fact]
    public async Task The_same_promotion_twice_is_one_version()
    {
        var values = await Values("Promote");

        await _run.Completes("PromoteChallenger", values, "first");
        var again = await _run.Completes("PromoteChallenger", values, "second");

        Assert.Equal(2, again["version"]!.GetValue<int>());
        Assert.Equal(2, (await Champion())!.Version);
    }

    [Fact]
    public async Task A_challenger_equal_to_the_champion_is_refused() =>
        Assert.Contains("is the champion itself", await _run.Fails("PromoteChallenger", await Values("Promote", challenger: 'a')), StringComparison.Ordinal);

    [Fact]
    public async Task Evidence_against_an_earlier_champion_is_refused()
    {
        var values = await Values("Promote");
        await Aliases.TryAppendAsync(Aliases.Champion(Campaign), new(2, Some.Policy('c'), "another", DateTimeOffset.UnixEpoch, "i"), Token);

        Assert.Contains("no longer", await _run.Fails("PromoteChallenger", values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_about_other_policies_is_refused()
    {
        var values = await Values("Promote");
        values["challenger"] = $"{Some.Policy('d')}";

        Assert.Contains("compares", await _run.Fails("PromoteChallenger", values), StringComparison.Ordinal);
    }
}
