using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Tests.Promotions;

public sealed class PromotionTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static async Task<Site> SiteAsync(string approvals = "staging=1,prod=2")
    {
        var site = new Site();
        await OpenGate.MakeAsync(site.Store, Aliases.Sandbox, "staging");
        site.Environment["RLHF_APPROVALS"] = approvals;
        site.Environment["RLHF_SIGNING_KEY"] = OpenGate.Key(site.Store);
        return site;
    }

    static async Task<AliasVersion?> ChampionAsync(Site site, string environment) => await new Aliases(new FolderObjectStore(site.Store), environment).CurrentAsync(Aliases.Champion(OpenGate.Campaign), Token);

    [Fact]
    public async Task A_policy_is_promoted_by_its_name_its_record_is_checked_without_the_store_and_it_can_be_taken_back()
    {
        await using var site = await SiteAsync();

        var promoted = await site.RunAsync("promote", "policy@1", "--json");
        var again = await site.RunAsync("promote", "policy@1", "--json");

        Assert.True(promoted.ExitCode == 0, promoted.Error);
        Assert.Equal(("promoted", 2, Environment.UserName), ($"{promoted.Json["outcome"]}", promoted.Json["version"]!.GetValue<int>(), $"{promoted.Json["contents"]!["requestedBy"]}"));
        Assert.Equal((0, $"{promoted.Json["record"]}"), (again.ExitCode, $"{again.Json["record"]}"));
        Assert.Contains("already, by instance", $"{again.Json["reason"]}", StringComparison.Ordinal);
        Assert.Equal(OpenGate.Challenger, (await ChampionAsync(site, Aliases.Sandbox))!.Artifact);

        var folder = Path.Combine(site.Store, "exported");
        await site.RunAsync("artifacts", "export", $"{promoted.Json["record"]}", folder);
        // Another machine: no store, no key but the public one.
        var key = site.Environment["RLHF_SIGNING_KEY"] + ".pub";
        site.Environment.Remove("RLHF_SIGNING_KEY");
        var elsewhere = new Site();
        await using var _ = elsewhere;
        var valid = await elsewhere.RunAsync("promotions", "verify", folder, "--key", key);
        var untrusted = await elsewhere.RunAsync("promotions", "verify", Path.Combine(folder, "record.json"));
        var evidence = Path.Combine(folder, "evidence", "evidence.jsonl");
        await File.WriteAllTextAsync(evidence, (await File.ReadAllTextAsync(evidence, Token)).Replace("someone", "anybody", StringComparison.Ordinal), Token);
        var tampered = await elsewhere.RunAsync("promotions", "verify", folder, "--key", key, "--json");

        Assert.True(valid.ExitCode == 0, valid.Error);
        Assert.Contains("signatures, hashes and criteria hold", valid.Output, StringComparison.Ordinal);
        Assert.Equal(1, untrusted.ExitCode);
        Assert.Contains("is not trusted here (no key is)", untrusted.Error, StringComparison.Ordinal);
        Assert.Equal((1, false), (tampered.ExitCode, tampered.Json["isValid"]!.GetValue<bool>()));
        Assert.StartsWith("The files of evidence/ are not those of evidence/", $"{tampered.Json["wrong"]![0]}", StringComparison.Ordinal);

        var back = await site.RunAsync("rollback", "--why", "it rambles", "--json");
        var refused = await site.RunAsync("promote", "policy@1");

        Assert.Equal((0, 3, 1), (back.ExitCode, back.Json["version"]!.GetValue<int>(), back.Json["rollbackTo"]!.GetValue<int>()));
        Assert.Contains("promotion.rolledback", back.Error, StringComparison.Ordinal);
        Assert.Equal(OpenGate.Champion, (await ChampionAsync(site, Aliases.Sandbox))!.Artifact);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains($"(rolled back to version 1 by {Environment.UserName}: it rambles): a decision promotes once", refused.Output, StringComparison.Ordinal);
        var list = await site.RunAsync("promotions", "list");
        Assert.Contains("promoted as version 2", list.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_promotion_waits_with_code_4_for_somebody_else_than_who_asked_and_goes_on_when_it_is_asked_for_again()
    {
        await using var site = await SiteAsync();

        var waiting = await site.RunAsync("promote", "policy@1", "--environment", "staging", "--json");
        Assert.True(waiting.ExitCode == 4, waiting.Error);
        var id = $"{waiting.Json["waits"]![0]!["promotion"]}";
        Assert.Equal($"rlhf promotions approve {id} --store {site.Store}", $"{waiting.Json["commands"]![0]}");
        var own = await site.RunAsync("promotions", "approve", id);
        var still = await site.RunAsync("promote", "policy@1", "--environment", "staging");
        // As rlhf serve does it for somebody who has signed in.
        var store = new PromotionStore(new FolderObjectStore(site.Store));
        using var signer = EcdsaSigner.Parse(await File.ReadAllTextAsync(site.Environment["RLHF_SIGNING_KEY"], Token), "the key");
        var request = (await store.GetAsync(id[..6], Token)).Request;
        var kept = await store.ApproveAsync(request, new(id, request.Evidence, "somebody else", true, "fine", TimeProvider.System.GetUtcNow()), signer, Token);
        var promoted = await site.RunAsync("promote", "policy@1", "--environment", "staging");

        Assert.Equal(1, own.ExitCode);
        Assert.Contains($"{Environment.UserName} asked for promotion {id}", own.Error, StringComparison.Ordinal);
        Assert.Equal(4, still.ExitCode);
        Assert.Contains("1 of 1 people are missing for promotion", still.Output, StringComparison.Ordinal);
        Assert.Null(kept.Refusal);
        Assert.True(promoted.ExitCode == 0, promoted.Error);
        Assert.Contains("somebody else approved at", promoted.Output, StringComparison.Ordinal);
        Assert.Equal((2, OpenGate.Champion), ((await ChampionAsync(site, "staging"))!.Version, (await ChampionAsync(site, Aliases.Sandbox))!.Artifact));
    }

    [Fact]
    public async Task An_event_asks_for_a_promotion_and_the_person_at_the_machine_approves_or_rejects_it()
    {
        await using var site = await SiteAsync();
        await site.ServeAsync();
        await site.RunAsync("events", "send", "promotion.requested", "--payload", new JsonObject { ["policy"] = "policy@1", ["environment"] = "staging", ["requestedBy"] = "the pipeline" }.ToJsonString());
        var store = new PromotionStore(new FolderObjectStore(site.Store));
        Promotion promotion;
        while ((await store.ListAsync(Token)) is not [{ } found] || (promotion = found).State != PromotionState.Waiting) await Task.Delay(100, Token);

        var approved = await site.RunAsync("promotions", "approve", promotion.Request.Id, "--comment", "read all of it");
        while ((promotion = await store.GetAsync(promotion.Request.Id, Token)).State != PromotionState.Promoted) await Task.Delay(100, Token);
        var late = await site.RunAsync("promotions", "reject", promotion.Request.Id, "--why", "too late");
        var show = await site.RunAsync("promotions", "show", promotion.Request.Id[..5]);

        Assert.True(approved.ExitCode == 0, approved.Error);
        Assert.Equal((1, "the pipeline"), (late.ExitCode, promotion.Request.RequestedBy));
        Assert.Contains("was promoted as version 2", late.Error, StringComparison.Ordinal);
        Assert.Contains($"{Environment.UserName} approved at", show.Output, StringComparison.Ordinal);
        Assert.Contains("read all of it", show.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_people_are_not_one_person_at_one_machine_and_a_key_of_ones_own_is_needed()
    {
        await using var site = await SiteAsync();
        await new Aliases(new FolderObjectStore(site.Store), "prod").TryAppendAsync(Aliases.Champion(OpenGate.Campaign), new(1, OpenGate.Champion, "first", TimeProvider.System.GetUtcNow(), "i"), Token);
        var waiting = await site.RunAsync("promote", "policy@1", "--environment", "prod", "--json");
        var promotion = (await new PromotionStore(new FolderObjectStore(site.Store)).ListAsync(Token)).Single().Request;
        // Somebody else asked for it.
        File.Delete(Path.Combine(site.Store, "promotions", "prod", promotion.Id, "request.json"));
        await new PromotionStore(new FolderObjectStore(site.Store)).RequestAsync(promotion with { RequestedBy = "the pipeline" }, Token);
        var local = await site.RunAsync("promotions", "approve", promotion.Id);
        site.Environment.Remove("RLHF_SIGNING_KEY");
        var keyless = await site.RunAsync("promote", "policy@1", "--environment", "canary");

        Assert.Equal((4, 1, 1), (waiting.ExitCode, local.ExitCode, keyless.ExitCode));
        Assert.Contains("where nobody can tell two people apart; promotion", local.Error, StringComparison.Ordinal);
        Assert.Contains("RLHF_SIGNING_KEY names none", keyless.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_decision_it_says_how_to_get_one()
    {
        await using var site = await SiteAsync();

        var nothing = await site.RunAsync("promote", $"{new ArtifactRef("policy", new('c', 64))}");

        Assert.Equal(1, nothing.ExitCode);
        Assert.Contains("rlhf run evaluate-challenger --input campaign=0f3a", nothing.Error, StringComparison.Ordinal);
    }
}
