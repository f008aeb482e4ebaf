using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Pipeline.Tests.Promotions;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Promotions;

namespace Rlhf.Server.Tests.Promotions;

/// <summary>Promotions by REST, with the product's own steps and workflow behind it.</summary>
public sealed class PromotionApiTests
{
    [Fact]
    public async Task A_promotion_that_an_operator_asks_for_waits_is_approved_by_two_others_and_goes_on_by_itself()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 2));
        var (promotion, opal, ann, bob) = (place.Promotion, await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("ann", Role.Approver), await place.KeyAsync("bob", Role.Approver));
        var decision = await promotion.DecidedAsync(wins: 56);
        await place.Runtime.DriveAsync();

        var asked = await place.PromoteAsync(opal, comment: "it is time");
        var instance = $"{asked.Json["instance"]}";
        var waiting = await place.PromotionAsync(ann, $"{asked.Json["link"]}", "Waiting");
        var link = $"/api/promotions/{waiting["id"]}";
        var first = await place.SendAsync("POST", $"{link}/approvals", ann, Approval(waiting));
        var second = await place.SendAsync("POST", $"{link}/approvals", bob, Approval(waiting, comment: "read it all"));
        var done = await place.PromotionAsync(ann, link, "Promoted");
        var list = JsonNode.Parse((await place.SendAsync("GET", "/api/promotions", ann)).Text)!.AsArray();

        Assert.Equal((HttpStatusCode.Accepted, $"/api/promotions/{instance}"), (asked.Status, $"{asked.Json["link"]}"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.Status, second.Status));
        Assert.Equal(("opal", "it is time", 2), ($"{waiting["requestedBy"]}", $"{waiting["comment"]}", waiting["missing"]!.GetValue<int>()));
        Assert.Equal($"{decision}", $"{waiting["decision"]!["artifact"]}");
        Assert.Equal(56, waiting["decision"]!["content"]!["verdict"]!["wins"]!.GetValue<int>());
        Assert.Equal(0.05, waiting["criteria"]!["content"]!["test"]!["alpha"]!.GetValue<double>());
        Assert.Equal(1, first.Json["missing"]!.GetValue<int>());
        Assert.Equal(["ann", "bob"], done["approvals"]!.AsArray().Select(a => $"{a!["approver"]}"));
        Assert.Equal("read it all", $"{done["record"]!["record"]!["approvals"]![1]!["approval"]!["comment"]}");
        Assert.Equal(done["recordArtifact"]!.GetValue<string>(), (await promotion.StandingAsync())!.Reason);
        Assert.Equal(SomePromotion.Challenger, (await promotion.StandingAsync())!.Artifact);
        Assert.Equal($"{done["id"]}", $"{Assert.Single(list)!["id"]}");
        Assert.Empty(place.Log);
    }

    [Fact]
    public async Task The_same_key_is_the_same_promotion_and_starts_no_second_instance_even_at_the_same_moment()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var (opal, olaf) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("olaf", Role.Operator));
        await place.Promotion.DecidedAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => place.PromoteAsync(opal, "round-17-key")));
        var other = await place.PromoteAsync(opal, "round-18-key");
        var others = await place.PromoteAsync(olaf, "round-17-key");
        var misused = await place.PromoteAsync(opal, "round-17-key", environment: "prod");

        Assert.All(replies, r => Assert.Equal(HttpStatusCode.Accepted, r.Status));
        Assert.Single(replies.Select(r => $"{r.Json["instance"]}").Distinct());
        Assert.Equal(3, new[] { replies[0], other, others }.Select(r => $"{r.Json["instance"]}").Distinct().Count());
        Assert.Equal(3, (await place.Runtime.ListAsync(new() { DefinitionId = "promotion" })).Count);
        Assert.Equal(HttpStatusCode.Conflict, misused.Status);
        Assert.Contains("The key 'round-17-key' was used at", misused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_was_killed_between_asking_and_beginning_begins_by_asking_again()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var opal = await place.KeyAsync("opal", Role.Operator);
        var first = await place.PromoteAsync(opal, "key-of-a-killed-one");
        var instance = $"{first.Json["instance"]}";
        // As it was before the instance began: what was asked for is there, and nothing else.
        await using var later = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var asked = (await new AskedPromotions(place.Promotion.Objects).FindAsync(instance, default))!;
        await new AskedPromotions(later.Promotion.Objects).AskAsync(asked, default);
        var (key, viewer) = (await later.KeyAsync("opal", Role.Operator), await later.KeyAsync("vera", Role.Viewer));

        var before = await later.SendAsync("GET", $"/api/promotions/{instance}", viewer);
        var again = await later.PromoteAsync(key, "key-of-a-killed-one");

        Assert.Equal(("Preparing", "It was not begun; whoever asks again with the same key begins it."), ($"{before.Json["state"]}", $"{before.Json["reason"]}"));
        Assert.Equal(instance, $"{again.Json["instance"]}");
        Assert.NotNull(await later.Runtime.FindAsync(instance));
    }

    [Fact]
    public async Task A_word_counts_once_for_the_evidence_that_was_seen_and_never_for_ones_own_request()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 2));
        var (adam, ann) = (await place.KeyAsync("adam", Role.Administrator), await place.KeyAsync("ann", Role.Approver));
        await place.Promotion.DecidedAsync();
        await place.Runtime.DriveAsync();
        var waiting = await place.PromotionAsync(ann, $"{(await place.PromoteAsync(adam)).Json["link"]}", "Waiting");
        var link = $"/api/promotions/{waiting["id"]}/approvals";

        var own = await place.SendAsync("POST", link, adam, Approval(waiting));
        var older = await place.SendAsync("POST", link, ann, new JsonObject { ["approves"] = true, ["evidence"] = new string('e', 64) });
        var odd = await place.SendAsync("POST", link, ann, new JsonObject { ["approves"] = true, ["evidence"] = "what I saw" });
        var mute = await place.SendAsync("POST", link, ann, Approval(waiting, approves: false));
        var first = await place.SendAsync("POST", link, ann, Approval(waiting, comment: "good"));
        var again = await place.SendAsync("POST", link, ann, Approval(waiting, comment: "good"));
        var otherwise = await place.SendAsync("POST", link, ann, Approval(waiting, approves: false, comment: "no"));

        Assert.Equal((HttpStatusCode.Conflict, $"adam asked for promotion {waiting["id"]}; expected the word of somebody else."), (own.Status, own.Error));
        Assert.Equal(HttpStatusCode.Conflict, older.Status);
        Assert.Contains("an approval counts for the evidence it was given on, and no other", older.Error, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, "'evidence' is 'what I saw'; expected the evidence that the approver has seen, as the promotion names it."), (odd.Status, odd.Error));
        Assert.Equal((HttpStatusCode.Conflict, "A rejection needs a reason; the comment is empty."), (mute.Status, mute.Error));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.Status, again.Status));
        Assert.Equal(HttpStatusCode.Conflict, otherwise.Status);
        Assert.Contains("the first word stands", otherwise.Error, StringComparison.Ordinal);
        Assert.Equal(1, again.Json["missing"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_person_at_a_machine_without_accounts_never_satisfies_a_rule_of_two_people()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 2));
        await place.Promotion.DecidedAsync();
        place.Promotion.Time.Advance(TimeSpan.FromSeconds(1)); // who made a decision is the step that finished first
        await place.Runtime.DriveAsync();
        var id = await place.Runtime.StartAsync(Place.PromotionWorkflow, new() { ["policy"] = $"{SomePromotion.Challenger}", ["environment"] = SomePromotion.Environment, ["requestedBy"] = "somebody else" });
        var request = await place.RequestAsync();

        var answer = await place.SendAsync("POST", $"/api/promotions/{request.Id}/approvals", null, Approval(new() { ["evidence"] = $"{request.Evidence}" }));

        Assert.Equal(HttpStatusCode.Conflict, answer.Status);
        Assert.Contains("came from a machine without accounts, where nobody can tell two people apart", answer.Error, StringComparison.Ordinal);
        // The request stands a moment before the instance is said to wait.
        await place.UntilAsync(id, s => s == WorkflowStatus.Suspended);
    }

    [Fact]
    public async Task A_rejection_ends_it_and_what_no_gate_allows_says_so()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync(approvals: 1));
        var (opal, ann) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("ann", Role.Approver));
        await place.Runtime.DriveAsync();
        var early = await place.PromotionAsync(ann, $"{(await place.PromoteAsync(opal, "before-the-gate")).Json["link"]}", "Failed");
        await place.Promotion.DecidedAsync();
        var waiting = await place.PromotionAsync(ann, $"{(await place.PromoteAsync(opal, "after-the-gate")).Json["link"]}", "Waiting");

        await place.SendAsync("POST", $"/api/promotions/{waiting["id"]}/approvals", ann, Approval(waiting, approves: false, comment: "too early"));
        var refused = await place.PromotionAsync(ann, $"/api/promotions/{waiting["id"]}", "Refused");

        Assert.Contains("No gate has decided to promote policy/bbbbbbbb", $"{early["reason"]}", StringComparison.Ordinal);
        Assert.Contains("ann rejected it", $"{refused["reason"]}", StringComparison.Ordinal);
        Assert.Contains("too early", $"{refused["reason"]}", StringComparison.Ordinal);
        Assert.Null(refused["record"]);
        Assert.Equal(SomePromotion.Champion, (await place.Promotion.StandingAsync())!.Artifact);
    }

    [Theory]
    [InlineData("""{"policy": "policy@12"}""", "There is no")]
    [InlineData("""{"policy": ""}""", "'policy' is ''; expected a policy, such as policy@12.")]
    [InlineData("""{"policy": "policy@12", "environment": "Prod/.."}""", "'environment' is 'Prod/..'; expected lowercase letters, digits and dashes, such as prod.")]
    [InlineData("""{"environment": "prod"}""", "The body is not what was expected")]
    public async Task What_is_no_request_is_refused_with_what_was_expected(string body, string expected)
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync());
        var opal = await place.KeyAsync("opal", Role.Operator);

        var answer = await place.SendAsync("POST", "/api/promotions", opal, JsonNode.Parse(body), r => r.Headers.Add("Idempotency-Key", "some-key"));
        var keyless = await place.SendAsync("POST", "/api/promotions", opal, JsonNode.Parse(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(expected, answer.Error, StringComparison.Ordinal);
        Assert.Contains("The header Idempotency-Key is ''", keyless.Error, StringComparison.Ordinal);
        Assert.Empty(await place.Runtime.ListAsync(new()));
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_and_a_server_without_promotions_has_none()
    {
        await using var place = await Place.OpenAsync(promotion: await SomePromotion.ReadyAsync());
        await using var without = await Place.OpenAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", "/api/promotions/0123456789abcdef")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", "/promotions/..%2Fx")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", $"/decisions/{new string('0', 64)}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", "/decisions/champion")).Status);
        Assert.Equal("This server takes no promotions.", (await without.SendAsync("GET", "/api/promotions")).Error);
    }

    static JsonObject Approval(JsonObject promotion, bool approves = true, string? comment = null) => new() { ["approves"] = approves, ["evidence"] = $"{promotion["evidence"]}", ["comment"] = comment };
}
