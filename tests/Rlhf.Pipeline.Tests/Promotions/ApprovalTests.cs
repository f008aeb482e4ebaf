using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Promotions;

public sealed class ApprovalTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static async Task<(SomePromotion Some, System.Text.Json.Nodes.JsonObject Values, PromotionRequest Request)> WaitingAsync(int approvals = 2)
    {
        var some = await SomePromotion.ReadyAsync(approvals);
        var values = SomePromotion.Values(await some.DecidedAsync());
        var waiting = Assert.IsType<StepResult.Waiting>(await some.LookAsync(values));
        var request = await some.RequestAsync();
        Assert.Equal([$"promotion:{request.Id}"], waiting.Events);
        return (some, values, request);
    }

    static Task PutAsync(SomePromotion some, PromotionRequest request, SignedApproval approval) =>
        some.Objects.TryCreateAsync($"promotions/{request.Environment}/{request.Id}/approvals/{ApprovalRules.FileOf(approval.Approval.Approver)}", CanonicalJson.Serialize(approval), Token);

    [Fact]
    public async Task A_promotion_waits_until_two_different_people_have_approved_and_names_them()
    {
        var (some, values, request) = await WaitingAsync();
        using var _ = some;

        Assert.Null((await some.ApproveAsync(request, "ann", comment: "fine by me")).Refusal);
        var half = Assert.IsType<StepResult.Waiting>(await some.LookAsync(values));
        var twice = await some.ApproveAsync(request, "Ann");
        Assert.Equal(PromotionState.Waiting, (await some.Store.OfAsync(request, Token)).State);
        some.Time.Advance(TimeSpan.FromHours(1));
        await some.ApproveAsync(request, "bob");
        Assert.Equal(PromotionState.Approved, (await some.Store.OfAsync(request, Token)).State);
        var outputs = await some.PromotedAsync(values);

        Assert.Contains("1 of 2 approvals", half.Reason, StringComparison.Ordinal);
        Assert.Contains("Ann has approved promotion", twice.Refusal, StringComparison.Ordinal);
        var record = await some.Artifacts.ReadJsonAsync<PromotionRecord>(ArtifactRef.Parse($"{outputs["record"]}"), PromotionBundle.RecordFile, Token);
        Assert.Equal(
            [("ann", "fine by me", some.Time.GetUtcNow().AddHours(-1)), ("bob", "", some.Time.GetUtcNow())],
            record.Approvals.Select(a => (a.Approval.Approver, a.Approval.Comment, a.Approval.At)));
        Assert.Equal(["promotion.requested", "promotion.approved", "promotion.promoted"], some.Notifications.Types);
        Assert.Equal(PromotionState.Promoted, (await some.Store.OfAsync(request, Token)).State);
        Assert.Empty((await some.VerifyAsync(await some.FilesAsync(ArtifactRef.Parse($"{outputs["record"]}")))).Wrong);
    }

    [Fact]
    public async Task Who_asked_may_not_approve_and_a_machine_without_accounts_is_not_two_people()
    {
        var (some, _, request) = await WaitingAsync();
        using var __ = some;

        Assert.Contains("Requester asked for promotion", (await some.ApproveAsync(request, "Requester")).Refusal, StringComparison.Ordinal);
        Assert.Contains("nobody can tell two people apart", (await some.ApproveAsync(request, "ann", isLocal: true)).Refusal, StringComparison.Ordinal);
        Assert.Empty(await some.Store.ApprovalsAsync(request, Token));
    }

    [Fact]
    public async Task Who_started_the_round_that_made_the_challenger_or_the_decision_may_not_approve_and_the_record_says_who_that_was()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1, startedBy: "ruth");
        var values = SomePromotion.Values(await some.DecidedAsync(startedBy: "gail"));
        Assert.IsType<StepResult.Waiting>(await some.LookAsync(values));
        var request = await some.RequestAsync();

        Assert.Equal(["gail", "ruth"], request.StartedBy);
        Assert.Contains("Ruth started the round that promotion", (await some.ApproveAsync(request, "Ruth")).Refusal, StringComparison.Ordinal);
        Assert.Contains("gail started the round that promotion", (await some.ApproveAsync(request, "gail")).Refusal, StringComparison.Ordinal);
        await some.ApproveAsync(request, "ann");
        var files = await some.FilesAsync(ArtifactRef.Parse($"{(await some.PromotedAsync(values))["record"]}"));

        Assert.Empty((await some.VerifyAsync(files)).Wrong);
        var record = CanonicalJson.Deserialize<PromotionRecord>(files[PromotionBundle.RecordFile], PromotionBundle.RecordFile);
        Assert.Equal(["gail", "ruth"], record.StartedBy);
        // Signed all the same, a record whose approver started the round is not in order.
        record = record with { StartedBy = ["ann"] };
        (files[PromotionBundle.RecordFile], files[PromotionBundle.SignatureFile]) = (CanonicalJson.Serialize(record), CanonicalJson.Serialize(await some.Signer.SignedAsync(record, Token)));
        Assert.Contains((await some.VerifyAsync(files)).Wrong, w => w.Contains("ann started the round", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_approval_from_before_the_promotion_was_asked_for_or_from_the_future_is_refused()
    {
        var (some, values, request) = await WaitingAsync(approvals: 1);
        using var _ = some;
        var now = some.Time.GetUtcNow();
        var (early, ahead) = (Said(now.AddMinutes(-2)), Said(now.AddMinutes(2)));

        Assert.Contains("before the promotion was asked for at 2026-03-01 09:00:00 UTC: the clock was set back", (await some.Store.ApproveAsync(request, early, some.Signer, Token)).Refusal, StringComparison.Ordinal);
        await PutAsync(some, request, new(early, await some.Signer.SignedAsync(early, Token)));
        var before = await some.RefusedAsync(values);
        await some.Objects.DeleteAsync($"promotions/{request.Environment}/{request.Id}/approvals/ann.json", Token);
        await PutAsync(some, request, new(ahead, await some.Signer.SignedAsync(ahead, Token)));
        var future = await some.RefusedAsync(values, "j");

        Assert.Contains("The approval of ann is of 2026-03-01 08:58:00 UTC, before the promotion was asked for", before, StringComparison.Ordinal);
        Assert.Contains("ann answered at 2026-03-01 09:02:00Z, and it is 2026-03-01 09:00:00Z by this clock", future, StringComparison.Ordinal);
        Assert.Equal(1, (await some.StandingAsync())!.Version);

        Approval Said(DateTimeOffset at) => new(request.Id, request.Evidence, "ann", true, "", at);
    }

    [Fact]
    public async Task A_rejection_has_a_reason_and_ends_the_promotion_for_good()
    {
        var (some, values, request) = await WaitingAsync();
        using var _ = some;

        Assert.Contains("A rejection needs a reason", (await some.ApproveAsync(request, "ann", approves: false)).Refusal, StringComparison.Ordinal);
        await some.ApproveAsync(request, "ann", approves: false, comment: "it is rude");
        var reason = await some.RefusedAsync(values);
        var late = await some.ApproveAsync(request, "bob");

        Assert.Contains("ann rejected it at 2026-03-01 09:00:00 UTC: it is rude", reason, StringComparison.Ordinal);
        Assert.Contains("is over: it was refused", late.Refusal, StringComparison.Ordinal);
        Assert.Equal(reason, await some.RefusedAsync(values, "another-instance"));
        Assert.Equal(PromotionState.Refused, (await some.Store.OfAsync(request, Token)).State);
        Assert.Equal(1, (await some.StandingAsync())!.Version);
    }

    [Fact]
    public async Task An_approval_with_another_key_or_changed_after_it_was_signed_is_refused()
    {
        var (some, values, request) = await WaitingAsync();
        using var _ = some;
        using var other = EcdsaSigner.Parse(EcdsaSigner.NewPem(), "another key");
        var approval = new Approval(request.Id, request.Evidence, "ann", true, "", some.Time.GetUtcNow());
        var borrowed = await some.Signer.SignedAsync(approval with { Approver = "bob" }, Token);

        await PutAsync(some, request, new(approval, await other.SignedAsync(approval, Token)));
        var untrusted = await some.RefusedAsync(values);
        await some.Objects.DeleteAsync($"promotions/{request.Environment}/{request.Id}/approvals/ann.json", Token);
        await PutAsync(some, request, new(approval, borrowed));
        var changed = await some.RefusedAsync(values, "j");
        await some.Objects.DeleteAsync($"promotions/{request.Environment}/{request.Id}/approvals/ann.json", Token);
        // With the right key's id on another key's signature.
        await PutAsync(some, request, new(approval, borrowed with { Value = (await other.SignedAsync(approval, Token)).Value }));
        var disguised = await some.RefusedAsync(values, "k");

        Assert.Contains($"The approval of ann is signed with key {other.KeyId}, which is not trusted here (trusted: {some.Signer.KeyId})", untrusted, StringComparison.Ordinal);
        Assert.Contains("The approval of ann does not match its signature", changed, StringComparison.Ordinal);
        Assert.Contains("The approval of ann does not match its signature", disguised, StringComparison.Ordinal);
        Assert.Equal(1, (await some.StandingAsync())!.Version);
    }

    [Fact]
    public async Task An_approval_given_on_older_evidence_does_not_count_for_newer()
    {
        var (some, _, older) = await WaitingAsync(approvals: 1);
        using var __ = some;
        var signed = (await some.ApproveAsync(older, "ann")).Kept!;
        var newer = SomePromotion.Values(await some.DecidedAsync(80, instance: "later-gate"));
        some.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<StepResult.Waiting>(await some.Runner(some.Objects).RunAsync("PromoteChallenger", newer.DeepClone().AsObject(), new("later", "promote"), null, Token));
        var request = (await some.Store.ListAsync(Token)).Select(p => p.Request).Single(r => r.Id != older.Id);

        // Put where the newer promotion's approvals are; and, signed anew, about the newer one with the older evidence.
        await PutAsync(some, request, signed);
        var moved = await RunAsync(some, newer, "j");
        await some.Objects.DeleteAsync($"promotions/{request.Environment}/{request.Id}/approvals/ann.json", Token);
        var mixed = signed.Approval with { Promotion = request.Id, At = some.Time.GetUtcNow() };
        Assert.Contains("an approval counts for the evidence it was given on", (await some.Store.ApproveAsync(request, mixed, some.Signer, Token)).Refusal, StringComparison.Ordinal);
        await PutAsync(some, request, new(mixed, await some.Signer.SignedAsync(mixed, Token)));
        var old = await RunAsync(some, newer, "k");

        Assert.Contains($"is about promotion {older.Id}, not {request.Id}", moved, StringComparison.Ordinal);
        Assert.Contains($"was given on {older.Evidence.Short}, and promotion {request.Id} rests on {request.Evidence.Short}", old, StringComparison.Ordinal);
    }

    static async Task<string> RunAsync(SomePromotion some, System.Text.Json.Nodes.JsonObject values, string instance)
    {
        var completed = Assert.IsType<StepResult.Completed>(await some.Runner(some.Objects).RunAsync("PromoteChallenger", values.DeepClone().AsObject(), new(instance, "promote"), null, Token));
        Assert.Equal("Refused", completed.Outcome);
        return $"{completed.Outputs["reason"]}";
    }

    [Fact]
    public async Task Reminders_come_while_approvals_are_missing_and_the_deadline_ends_the_wait()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1);
        var values = SomePromotion.Values(await some.DecidedAsync());
        (values["deadlineHours"], values["reminderHours"]) = (30.0, 12.0);

        StepResult result;
        while ((result = await some.LookAsync(values)) is StepResult.Waiting { Deadline: var at })
        {
            if (at > some.Time.GetUtcNow()) some.Time.SetUtcNow(at);
        }

        Assert.Equal(("Refused", "0 of 1 approvals came by 2026-03-02 15:00:00 UTC, the deadline."), (((StepResult.Completed)result).Outcome, $"{((StepResult.Completed)result).Outputs["reason"]}"));
        Assert.Equal(["promotion.requested", "promotion.reminder", "promotion.reminder", "promotion.refused"], some.Notifications.Types);
        // Approved after all, the same decision still promotes.
        await some.ApproveAsync(await some.RequestAsync(), "ann");
        Assert.Equal(2, (await some.PromotedAsync(values, "another-instance"))["championVersion"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_notification_that_nobody_took_is_sent_again_while_it_waits()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1);
        var values = SomePromotion.Values(await some.DecidedAsync());
        some.Notifications.IsAway = true;
        await some.LookAsync(values);
        some.Notifications.IsAway = false;

        await some.LookAsync(values);
        await some.LookAsync(values);

        Assert.Equal(["promotion.requested"], some.Notifications.Types);
    }

    [Fact]
    public async Task What_a_receiver_that_was_away_missed_at_the_end_is_kept_and_sent_in_order_by_whoever_drives_next()
    {
        using var some = await SomePromotion.ReadyAsync();
        var unsent = new UnsentNotifications(some.Objects);
        some.Notifications.IsAway = true;
        await some.PromotedAsync(SomePromotion.Values(await some.DecidedAsync()));
        await unsent.KeepAsync([new("later", "promotion.rolledback", some.Time.GetUtcNow().AddMinutes(1), [])], SomePromotion.Token);

        var left = await unsent.SendAsync(some.Notifications, SomePromotion.Token);
        some.Notifications.IsAway = false;
        var none = await unsent.SendAsync(some.Notifications, SomePromotion.Token);
        await unsent.SendAsync(some.Notifications, SomePromotion.Token);

        Assert.Equal((2, 0), (left, none));
        Assert.Equal(["promotion.promoted", "promotion.rolledback"], some.Notifications.Types);
    }

    [Fact]
    public async Task Where_somebody_has_to_approve_who_asks_must_be_known()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 1);
        var values = SomePromotion.Values(await some.DecidedAsync());
        values.Remove("requestedBy");

        Assert.Contains("it is not known who asks; expected the input 'requestedBy'", await some.RefusedAsync(values), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_of_the_sandbox_nothing_is_signed_with_a_key_that_nobody_named()
    {
        using var some = await SomePromotion.ReadyAsync(hasKey: false);
        var decision = await some.DecidedAsync();

        var failed = Assert.IsType<StepResult.Failed>(await some.LookAsync(SomePromotion.Values(decision)));
        var promoted = await some.PromotedAsync(SomePromotion.Values(decision, "sandbox"), "j");

        Assert.Contains("in the environment 'staging' are signed with a key of yours, and RLHF_SIGNING_KEY names none", failed.Reason, StringComparison.Ordinal);
        Assert.Equal(2, promoted["championVersion"]!.GetValue<int>());
    }

    [Fact]
    public async Task Rules_that_became_stricter_hold_for_what_was_asked_for_before()
    {
        using var some = await SomePromotion.ReadyAsync(approvals: 2);
        var values = SomePromotion.Values(await some.DecidedAsync());
        await some.LookAsync(values);
        var request = await some.RequestAsync();
        await some.Objects.DeleteAsync($"promotions/{request.Environment}/{request.Id}/request.json", Token);
        await some.Store.RequestAsync(request with { Approvals = 1 }, Token);
        await some.ApproveAsync(request, "ann");

        Assert.Contains("waits for 1 of 2 approvals", Assert.IsType<StepResult.Waiting>(await some.LookAsync(values)).Reason, StringComparison.Ordinal);
    }
}
