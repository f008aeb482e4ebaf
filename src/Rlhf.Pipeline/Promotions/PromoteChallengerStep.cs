using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Promotions;

sealed class PromoteChallengerStep : Step<PromoteChallenger.Inputs, PromoteChallenger.HParams, PromoteChallenger.Outputs>
{
    public override StepDescription Description => PromoteChallenger.Description;

    protected override Task<StepResult> RunAsync(
        PromoteChallenger.Inputs inputs, PromoteChallenger.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var environment = inputs.Environment ?? context.Aliases.Environment;
        return environment.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-')
            ? new Promoting(environment, inputs, hparams, context).RunAsync(cancellationToken)
            : throw new ArgumentException($"'environment' is '{environment}'; expected lowercase letters, digits and dashes, such as prod.");
    }
}

/// <summary>
/// One look at a promotion: request, approvals, record, champion, each one create-only write, in this order. Whoever comes again, after a kill or for an
/// approval, finds what there is and goes on behind it; the champion's version is the only one that promotes.
/// </summary>
sealed class Promoting(string environment, PromoteChallenger.Inputs inputs, PromoteChallenger.HParams hparams, StepContext context)
{
    // How often to look although no event came, and how long a notification that did not arrive waits.
    static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(10);

    readonly string _id = PromotionRequest.IdOf(environment, inputs.Campaign, inputs.Champion, inputs.Challenger, inputs.Decision);
    readonly PromotionStore _promotions = new(context.Artifacts.Objects);
    readonly Aliases _aliases = new(context.Artifacts.Objects, environment);
    readonly string _champion = Aliases.Champion(inputs.Campaign);

    PromotionNotices Notices => new(_id, environment, inputs, context);

    public async Task<StepResult> RunAsync(CancellationToken cancellationToken)
    {
        var wait = PromotionWait.Of(context.Execution.State) ?? new() { AskedAt = context.Time.GetUtcNow() };
        var history = await _aliases.HistoryAsync(_champion, cancellationToken);
        if (history.FirstOrDefault(v => v.Promotion == _id) is { } became) return await AlreadyAsync(became, history[^1], wait, cancellationToken);

        var champion = history is [.., var newest] ? newest : null;
        var known = await _promotions.FindRequestAsync(environment, _id, cancellationToken);
        if (known is not null && await _promotions.RefusalOfAsync(known, cancellationToken) is { } refusal) return await RefusedAsync(refusal.Reason, wait, cancellationToken);
        GateDecision decision;
        try
        {
            decision = await context.Artifacts.ReadJsonAsync<GateDecision>(inputs.Decision, GateDecision.File, cancellationToken);
            if (await PromotionChecks.WhatIsWrongAsync(inputs, environment, decision, champion, known, context, cancellationToken) is { } wrong) return await RefusedAsync(wrong, wait, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            return await RefusedAsync(e.Message, wait, cancellationToken); // evidence that was changed or is missing promotes nothing
        }
        var asked = context.Service<IPromotionRules>(IPromotionRules.Service).ApprovalsOf(environment);
        if (asked > 0 && string.IsNullOrWhiteSpace(known?.RequestedBy ?? inputs.RequestedBy))
            return await RefusedAsync($"In '{environment}' {asked} other people have to approve, and it is not known who asks; expected the input 'requestedBy'.", wait, cancellationToken);
        var keys = context.Service<IPromotionKeys>(IPromotionKeys.Service);
        var signer = await keys.SignerAsync(environment, cancellationToken); // said before people have approved for nothing

        var request = await _promotions.RequestAsync(known ?? new(
            _id, environment, inputs.Campaign, inputs.Champion, inputs.Challenger, inputs.Decision, decision.Evidence, decision.Criteria, champion is null, inputs.RequestedBy, context.Time.GetUtcNow(), asked)
        { Instance = context.Execution.Instance, StartedBy = await PromotionChecks.StartersAsync(inputs, context, cancellationToken) }, cancellationToken);
        // Rules that became stricter hold for what was asked for before.
        request = request with { Approvals = Math.Max(asked, request.Approvals) };
        if (request.Approvals > 0 && context.Execution.State is null) wait = await Notices.SendAsync(wait, PromotionNotices.Requested, "", cancellationToken, Asked(request));

        var approvals = await _promotions.ApprovalsAsync(request, cancellationToken);
        if (Objection(request, approvals, await keys.TrustedAsync(environment, cancellationToken)) is { } objection) return await RefusedAsync(objection, wait, cancellationToken);
        if (approvals.FirstOrDefault(a => !a.Approval.Approves)?.Approval is { } no)
            return await EndedAsync(request, $"{no.Approver} rejected it at {no.At:yyyy-MM-dd HH:mm:ss} UTC: {no.Comment}", wait, cancellationToken);
        if (approvals.Count < request.Approvals) return await WaitAsync(request, approvals.Count, wait, cancellationToken);
        if (request.Approvals > 0) wait = await Notices.SendAsync(wait, PromotionNotices.Approved, "", cancellationToken, ("approvers", string.Join(", ", approvals.Select(a => a.Approval.Approver))));
        return await PromoteAsync(request, decision, champion, approvals, signer, wait, cancellationToken);
    }

    async Task<StepResult> PromoteAsync(
        PromotionRequest request, GateDecision decision, AliasVersion? champion, IReadOnlyList<SignedApproval> approvals, ISigner signer, PromotionWait wait, CancellationToken cancellationToken)
    {
        var signed = await _promotions.RecordOfAsync(request, cancellationToken);
        if (signed is null)
        {
            var record = await PromotionRecords.OfAsync(request, decision, champion, approvals, context, cancellationToken);
            signed = await _promotions.RecordAsync(new(record, await signer.SignedAsync(record, cancellationToken)), cancellationToken);
        }
        // The record of an earlier try may be about a version that something else has become since.
        var next = (champion?.Version ?? 0) + 1;
        if ((await context.Service<IPromotionKeys>(IPromotionKeys.Service).TrustedAsync(environment, cancellationToken)).WhatIsWrong(CanonicalJson.Serialize(signed.Record), signed.Signature) is { } wrong)
            return await RefusedAsync($"The record of promotion {_id} {wrong}.", wait, cancellationToken);
        if ((signed.Record.Version, signed.Record.Policy, signed.Record.Decision, signed.Record.ChampionBefore) != (next, request.Challenger, request.Decision, champion?.Artifact))
            return await LostAsync(request, signed.Record.Version, wait, cancellationToken);
        var artifact = await PromotionBundle.PutAsync(context.Artifacts, signed, cancellationToken);
        var version = new AliasVersion(next, request.Challenger, artifact.ToString(), context.Time.GetUtcNow(), context.Execution.Instance) { Promotion = _id };
        return await _aliases.TryAppendAsync(_champion, version, cancellationToken)
            ? await DoneAsync(version, $"{request.Challenger.Short} is version {next} of the champion of {inputs.Campaign} in '{environment}'{(champion is null ? ", its first" : $", after {champion.Artifact.Short}")}.", wait, cancellationToken)
            : await LostAsync(request, next, wait, cancellationToken);
    }

    /// <summary>What was written already: by this very instance before a kill, or by another one that was asked for the same.</summary>
    async Task<StepResult> AlreadyAsync(AliasVersion became, AliasVersion current, PromotionWait wait, CancellationToken cancellationToken)
    {
        var what = $"Promotion {_id} made {became.Artifact.Short} version {became.Version} of the champion of {inputs.Campaign} in '{environment}'";
        if (became.Instance == context.Execution.Instance) return await DoneAsync(became, $"{what}.", wait, cancellationToken);
        if (became.Version == current.Version) return await DoneAsync(became, $"{what} already, by instance {became.Instance} at {became.At:yyyy-MM-dd HH:mm:ss} UTC; nothing was left to do.", wait, cancellationToken);
        return await RefusedAsync($"{what} at {became.At:yyyy-MM-dd HH:mm:ss} UTC, and version {current.Version} came after it ({PromotionChecks.By(current)}): a decision promotes once, and new evidence makes another one.", wait, cancellationToken);
    }

    async Task<StepResult> WaitAsync(PromotionRequest request, int given, PromotionWait wait, CancellationToken cancellationToken)
    {
        var (now, missing) = (context.Time.GetUtcNow(), request.Approvals - given);
        wait = wait with { Given = given, Missing = missing };
        var deadline = wait.Deadline(hparams);
        if (wait.IsOver) return await RefusedAsync($"{given} of {request.Approvals} approvals came by {deadline:yyyy-MM-dd HH:mm:ss} UTC, the deadline.", wait, cancellationToken);
        if (deadline <= now) return new StepResult.Waiting((wait with { IsOver = true }).ToState(), now, $"{missing} of {request.Approvals} approvals have not come by the deadline");
        var (due, reminder) = wait.RemindersAt(now, hparams);
        wait = due > wait.Reminders
            ? await Notices.SendAsync(wait with { Reminders = due }, PromotionNotices.Reminder, $"{due}", cancellationToken, [.. Asked(request), ("approved", given), ("missing", missing), ("reminder", due)])
            : await Notices.SendAsync(wait, cancellationToken);
        DateTimeOffset?[] times = [now + LookAgain, deadline, reminder];
        return new StepResult.Waiting(wait.ToState(), times.Min()!.Value, $"promotion {_id} waits for {missing} of {request.Approvals} approvals (rlhf promotions approve {_id}, or rlhf serve)") { Events = [request.Event] };
    }

    string? Objection(PromotionRequest request, IReadOnlyList<SignedApproval> approvals, TrustedKeys trusted)
    {
        var now = context.Time.GetUtcNow();
        return ApprovalRules.Objection(request, approvals, trusted)
            ?? (approvals.FirstOrDefault(a => a.Approval.At > now + ApprovalRules.ClockTolerance)?.Approval is { } ahead
                ? $"{ahead.Approver} answered at {ahead.At:u}, and it is {now:u} by this clock: the clock was set back."
                : null);
    }

    async Task<StepResult> LostAsync(PromotionRequest request, int version, PromotionWait wait, CancellationToken cancellationToken)
    {
        var history = await _aliases.HistoryAsync(_champion, cancellationToken);
        if (history.FirstOrDefault(v => v.Promotion == _id) is { } same) return await AlreadyAsync(same, history[^1], wait, cancellationToken);
        var other = history.FirstOrDefault(v => v.Version == version);
        return await EndedAsync(request, other is null
            ? $"Its record is about version {version} of the champion of {inputs.Campaign} in '{environment}', which is at version {history.Count}."
            : $"Version {version} of the champion of {inputs.Campaign} in '{environment}' became {other.Artifact.Short} by {PromotionChecks.By(other)} at {other.At:yyyy-MM-dd HH:mm:ss} UTC; the evidence was collected against another champion.", wait, cancellationToken);
    }

    /// <summary>Refused for good.</summary>
    async Task<StepResult> EndedAsync(PromotionRequest request, string reason, PromotionWait wait, CancellationToken cancellationToken) =>
        await RefusedAsync((await _promotions.RefuseAsync(request, new(_id, reason, context.Time.GetUtcNow()), cancellationToken)).Reason, wait, cancellationToken);

    async Task<StepResult> DoneAsync(AliasVersion version, string reason, PromotionWait wait, CancellationToken cancellationToken)
    {
        await Notices.EndAsync(wait, PromotionNotices.Promoted, "", cancellationToken, ("version", version.Version), ("record", version.Reason));
        return Completed(new(version.Version, ArtifactRef.Parse(version.Reason), _id, reason), "Done");
    }

    async Task<StepResult> RefusedAsync(string reason, PromotionWait wait, CancellationToken cancellationToken)
    {
        // Whoever asks again is told again.
        await Notices.EndAsync(wait, PromotionNotices.Refused, context.Key[..16], cancellationToken, ("reason", reason));
        context.Notice($"Promotion refused: {reason}");
        return Completed(new(null, null, _id, reason), PromoteChallenger.Refused);
    }

    static StepResult.Completed Completed(PromoteChallenger.Outputs outputs, string outcome) => new(CanonicalJson.ToObject(outputs), outcome);

    static (string, JsonNode?)[] Asked(PromotionRequest request) => [("approvals", request.Approvals), ("requestedBy", request.RequestedBy)];
}
