using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Pipeline.Tests.Promotions;

public sealed class PromotionTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static async Task<PromotionRecord> RecordAsync(SomePromotion some, JsonObject outputs) =>
        await some.Artifacts.ReadJsonAsync<PromotionRecord>(ArtifactRef.Parse($"{outputs["record"]}"), PromotionBundle.RecordFile, Token);

    [Fact]
    public async Task An_open_gate_makes_the_challenger_the_champion_and_a_signed_record_says_why()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync(60, 55);

        var outputs = await some.PromotedAsync(SomePromotion.Values(decision));

        var (standing, record) = (await some.StandingAsync(), await RecordAsync(some, outputs));
        Assert.Equal((2, SomePromotion.Challenger, $"{outputs["record"]}", $"{outputs["promotion"]}"), (standing!.Version, standing.Artifact, standing.Reason, standing.Promotion));
        Assert.Equal((2, SomePromotion.Environment, SomePromotion.Campaign, "requester"), (record.Version, record.Environment, record.Campaign, record.RequestedBy));
        Assert.Equal((SomePromotion.Champion, SomePromotion.Champion, decision), (record.ComparedWith, record.ChampionBefore, record.Decision));
        Assert.Equal((60, 55, 5, 0.05), (record.Figures.Judgements, record.Figures.Wins, record.Figures.Losses, Math.Round(1 - record.Figures.Confidence, 6)));
        Assert.Equal([SomePromotion.Ref("reward-model", '2'), SomePromotion.Ref("preferences", '1'), SomePromotion.Ref("prompts", '3')], record.Lineage.RewardModels.Concat(record.Lineage.Preferences).Concat(record.Lineage.Prompts).Select(r => $"{r}"));
        Assert.Equal(["guide-1", "guide-2", "0.1"], record.Lineage.Guidelines.Concat(record.Lineage.Products));
        Assert.Equal(["promotion.promoted"], some.Notifications.Types);
        Assert.Empty((await some.VerifyAsync(await some.FilesAsync(ArtifactRef.Parse($"{outputs["record"]}")))).Wrong);
    }

    [Fact]
    public async Task A_closed_gate_leaves_the_champion_in_place()
    {
        using var some = await SomePromotion.ReadyAsync();

        var reason = await some.RefusedAsync(SomePromotion.Values(await some.DecidedAsync(60, 20)));

        Assert.Contains("says Reject, not Promote: win rate: futile", reason, StringComparison.Ordinal);
        Assert.Equal(SomePromotion.Champion, (await some.StandingAsync())!.Artifact);
        Assert.Equal(["promotion.refused"], some.Notifications.Types);
    }

    [Fact]
    public async Task The_same_promotion_asked_for_twice_is_one_version_and_the_second_is_told_who_was_first()
    {
        using var some = await SomePromotion.ReadyAsync();
        var values = SomePromotion.Values(await some.DecidedAsync());

        await some.PromotedAsync(values, "first-instance");
        var again = await some.PromotedAsync(values, "second-instance");

        Assert.Equal((2, 2), ((await some.StandingAsync())!.Version, again["championVersion"]!.GetValue<int>()));
        Assert.Contains("already, by instance first-instance", $"{again["reason"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_challenger_equal_to_the_champion_is_refused()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync(challenger: SomePromotion.Champion);

        Assert.Contains("is the champion itself", await some.RefusedAsync(SomePromotion.Values(decision, challenger: SomePromotion.Champion)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_against_an_earlier_champion_is_refused_and_names_the_one_that_followed()
    {
        using var some = await SomePromotion.ReadyAsync();
        var values = SomePromotion.Values(await some.DecidedAsync());
        await new Aliases(some.Objects, SomePromotion.Environment).TryAppendAsync(Aliases.Champion(SomePromotion.Campaign), new(2, Some.Policy('c'), "another", some.Time.GetUtcNow(), "j"), Token);

        Assert.Contains($"is no longer {SomePromotion.Champion.Short} but {Some.Policy('c').Short} (version 2, another)", await some.RefusedAsync(values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_about_other_policies_is_refused()
    {
        using var some = await SomePromotion.ReadyAsync();

        var reason = await some.RefusedAsync(SomePromotion.Values(await some.DecidedAsync(), challenger: Some.Policy('d')));

        Assert.Contains($"compares {SomePromotion.Challenger.Short} with {SomePromotion.Champion.Short}, not {Some.Policy('d').Short}", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Criteria_changed_after_the_first_judgement_promote_nothing_whatever_the_decision_says()
    {
        using var some = await SomePromotion.ReadyAsync();
        var honest = await some.DecidedAsync(criteria: new(new()) { Description = "easier" }, fixedBefore: new(new()) { Description = "agreed" });
        var said = await some.Artifacts.ReadJsonAsync<GateDecision>(honest, GateDecision.File, Token);
        var forged = await PutAsync(some, said with { IsExploratory = false, Verdict = said.Verdict with { Outcome = "Promote" } });

        Assert.Contains("the evidence is exploratory and promotes nothing", await some.RefusedAsync(SomePromotion.Values(honest)), StringComparison.Ordinal);
        Assert.Contains("the evidence is exploratory and promotes nothing", await some.RefusedAsync(SomePromotion.Values(forged), "j"), StringComparison.Ordinal);
        Assert.Equal(1, (await some.StandingAsync())!.Version);
    }

    [Fact]
    public async Task A_decision_that_does_not_follow_from_its_evidence_is_refused_with_what_differs()
    {
        using var some = await SomePromotion.ReadyAsync();
        var said = await some.Artifacts.ReadJsonAsync<GateDecision>(await some.DecidedAsync(60, 20), GateDecision.File, Token);
        var opened = await PutAsync(some, said with { Verdict = said.Verdict with { Outcome = "Promote" } });
        var lenient = await PutAsync(some, said with
        {
            Criteria = ArtifactRef.Parse(await PutCriteria(some, new GateCriteria(new(Alpha: 0.4, TargetRate: 0.1, ExpectedRate: 0.2)) { JudgedBy = [LabelerKind.Person] })),
            Verdict = said.Verdict with { Outcome = "Promote" },
        });

        Assert.Contains("does not follow from its evidence and criteria: outcome is \"Promote\", and the evidence comes to \"Reject\"", await some.RefusedAsync(SomePromotion.Values(opened)), StringComparison.Ordinal);
        Assert.Contains("was fixed before the first judgement", await some.RefusedAsync(SomePromotion.Values(lenient), "j"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_that_no_gate_of_this_store_made_is_refused()
    {
        using var some = await SomePromotion.ReadyAsync();
        var said = await some.Artifacts.ReadJsonAsync<GateDecision>(await some.DecidedAsync(), GateDecision.File, Token);

        // The same figures in another artifact: it follows from its evidence, and nobody knows where it came from.
        Assert.Contains("was decided by no gate of this store", await some.RefusedAsync(SomePromotion.Values(await PutAsync(some, said))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_that_was_changed_in_the_store_is_refused()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync();
        var evidence = (await some.Artifacts.ReadJsonAsync<GateDecision>(decision, GateDecision.File, Token)).Evidence;
        var file = (await some.Artifacts.ManifestAsync(evidence, Token)).Files.Single(f => f.Path == EvidenceItem.File);
        var blob = Path.Combine(some.Folder, "blobs", "sha256", file.Sha256[..2], file.Sha256);
        await File.WriteAllTextAsync(blob, (await File.ReadAllTextAsync(blob, Token)).Replace("\"someone\"", "\"anybody\"", StringComparison.Ordinal), Token);

        Assert.Contains("'evidence.jsonl', does not match its hash", await some.RefusedAsync(SomePromotion.Values(decision)), StringComparison.Ordinal);
        Assert.Equal(1, (await some.StandingAsync())!.Version);
    }

    [Fact]
    public async Task Evidence_of_simulated_labelers_opens_the_sandbox_only()
    {
        using var some = await SomePromotion.ReadyAsync();
        var decision = await some.DecidedAsync(kind: LabelerKind.Simulated);

        Assert.Contains("60 judgements of", await some.RefusedAsync(SomePromotion.Values(decision)), StringComparison.Ordinal);
        Assert.Contains("by simulated labelers, whose evidence opens the gates of the environment 'sandbox' only, not 'prod'", await some.RefusedAsync(SomePromotion.Values(decision, "prod"), "j"), StringComparison.Ordinal);
        Assert.Equal(2, (await some.PromotedAsync(SomePromotion.Values(decision, "sandbox"), "k"))["championVersion"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_challenger_that_no_step_made_is_refused_even_after_it_was_looked_up()
    {
        using var some = await SomePromotion.ReadyAsync();
        var stranger = Some.Policy('f');
        var decision = await some.DecidedAsync(challenger: stranger);
        await some.RecordAsync("PreparePromotion", new() { ["policy"] = "policy@9" }, new() { ["challenger"] = $"{stranger}" });

        Assert.Contains($"Nothing is known of where {stranger.Short} came from", await some.RefusedAsync(SomePromotion.Values(decision, challenger: stranger)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_behind_the_champion_or_the_request_is_refused()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1);
        var values = SomePromotion.Values(await some.DecidedAsync());
        await some.LookAsync(values);
        using var back = await SomePromotion.ReadyAsync(approvals: 0);
        var early = SomePromotion.Values(await back.DecidedAsync());
        await new Aliases(back.Objects, SomePromotion.Environment).TryAppendAsync(Aliases.Champion(SomePromotion.Campaign), new(2, SomePromotion.Champion, "again", back.Time.GetUtcNow().AddHours(3), "j"), Token);

        Assert.Contains("the champion of 0f3a was set at 2026-03-01 12:00:00Z: the clock was set back", await back.RefusedAsync(early), StringComparison.Ordinal);
        // Another machine's clock, a day behind.
        var request = await some.RequestAsync();
        using var other = await SomePromotion.ReadyAsync(approvals: 1);
        var same = SomePromotion.Values(await other.DecidedAsync());
        await other.Store.RequestAsync(request with { At = request.At.AddDays(1) }, Token);
        Assert.Contains("the promotion was asked for at 2026-03-02 09:00:00Z: the clock was set back", await other.RefusedAsync(same), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_champion_of_an_environment_follows_nobody_and_the_record_says_so()
    {
        using var some = await SomePromotion.ReadyAsync();
        var values = SomePromotion.Values(await some.DecidedAsync(), "canary");
        values["requestedBy"] = "requester";

        var waiting = Assert.IsType<Steps.Running.StepResult.Waiting>(await some.LookAsync(values));
        var request = await some.RequestAsync();
        await some.ApproveAsync(request, "ann");
        var record = await RecordAsync(some, await some.PromotedAsync(values));

        Assert.True(request.IsFirst);
        Assert.Contains("waits for 1 of 1 approvals", waiting.Reason, StringComparison.Ordinal);
        Assert.Equal((1, null, SomePromotion.Champion), (record.Version, record.ChampionBefore, record.ComparedWith));
    }

    [Fact]
    public async Task A_campaign_that_does_not_exist_gets_no_champion()
    {
        using var some = await SomePromotion.ReadyAsync();
        var values = SomePromotion.Values(await some.DecidedAsync());
        values["campaign"] = "mistyped";

        Assert.Contains("was never a champion of a campaign mistyped", await some.RefusedAsync(values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_promotes_once_and_not_again_after_a_rollback()
    {
        using var some = await SomePromotion.ReadyAsync();
        var values = SomePromotion.Values(await some.DecidedAsync());
        await some.PromotedAsync(values);

        await Rollback.ToAsync(some.Objects, SomePromotion.Environment, SomePromotion.Campaign, null, "it rambles", "ann", some.Time.GetUtcNow(), Token);
        var again = await some.RefusedAsync(values, "j");
        var anew = await some.PromotedAsync(SomePromotion.Values(await some.DecidedAsync(70, instance: "another-gate")), "k");

        Assert.Contains("version 3 came after it (rolled back to version 1 by ann: it rambles): a decision promotes once", again, StringComparison.Ordinal);
        Assert.Equal(4, anew["championVersion"]!.GetValue<int>());
    }

    static Task<ArtifactRef> PutAsync(SomePromotion some, GateDecision decision) =>
        some.Artifacts.PutAsync("decision", new Dictionary<string, byte[]> { [GateDecision.File] = CanonicalJson.Serialize(decision) }, Token);

    static async Task<string> PutCriteria(SomePromotion some, GateCriteria criteria) =>
        $"{await some.Artifacts.PutAsync("criteria", new Dictionary<string, byte[]> { [GateCriteria.File] = criteria.ToBytes() }, Token)}";
}
