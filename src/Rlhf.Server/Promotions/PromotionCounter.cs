using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Promotions;

namespace Rlhf.Server.Promotions;

/// <summary>What became of somebody's word, for who sent it.</summary>
/// <param name="Refusal">Why it does not count; null where it does.</param>
sealed record Word(PromotionView Promotion, string? Refusal);

/// <summary>Where promotions are asked for, looked up and approved: over the store's own objects, so that any process sees the same.</summary>
sealed class PromotionCounter(Site site, PromotionOptions options)
{
    readonly PromotionStore _promotions = new(options.Objects);
    readonly AskedPromotions _asked = new(options.Objects);

    public ArtifactStore Artifacts { get; } = new(options.Objects);

    /// <summary>Null where this server has nothing to do with promotions.</summary>
    public static PromotionCounter? Of(Site site) => site.Options.Promotions is { } options ? new(site, options) : null;

    /// <summary>Asks for a promotion; with a key that the same person has used it is what was asked for then.</summary>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    /// <exception cref="InvalidOperationException">The key was used for something else.</exception>
    public async Task<PromotionView> AskAsync(Caller caller, string key, AskBody body, CancellationToken cancellationToken)
    {
        var instance = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"promotion\n{caller.Name}\n{key}")))[..32];
        var asked = await _asked.FindAsync(instance, cancellationToken);
        if (asked is null)
        {
            var artifact = await new References(options.Objects, site.Time, body.Environment ?? options.Environment).ResolveAsync(body.Policy, cancellationToken);
            asked = await _asked.AskAsync(new(instance, body.Policy, artifact, body.Environment, body.Comment, caller.Name, site.Time.GetUtcNow()), cancellationToken);
        }
        if ((asked.Policy, asked.Environment, asked.Comment) != (body.Policy, body.Environment, body.Comment))
            throw new InvalidOperationException($"The key '{key}' was used at {asked.At:yyyy-MM-dd HH:mm:ss} UTC to ask for {asked.Policy}{(asked.Environment is null ? "" : $" in '{asked.Environment}'")}; expected the same again, or a new key.");
        // Killed between the two, whoever asks again with the key begins it.
        var inputs = new JsonObject { ["policy"] = asked.Artifact.ToString(), ["requestedBy"] = asked.By };
        if (asked.Environment is not null) inputs["environment"] = asked.Environment;
        await site.Runtime.StartOnceAsync(instance, options.Workflow, inputs, asked.By, cancellationToken);
        return (await FindAsync(instance, cancellationToken))!;
    }

    /// <summary>The newest first.</summary>
    public async Task<IReadOnlyList<PromotionView>> ListAsync(CancellationToken cancellationToken)
    {
        var promotions = await _promotions.ListAsync(cancellationToken);
        var views = new List<PromotionView>();
        foreach (var promotion in promotions) views.Add(await OfAsync(promotion, null, cancellationToken));
        foreach (var asked in await _asked.ListAsync(cancellationToken))
        {
            // What began by another one's request is that promotion.
            if (await OfAsync(asked, promotions, cancellationToken) is { Promotion: null } view) views.Add(view);
        }
        return [.. views.OrderByDescending(v => v.At).ThenBy(v => v.Name, StringComparer.Ordinal)];
    }

    /// <summary>By a promotion's id, or the instance of what was asked for here; null where there is none.</summary>
    public async Task<PromotionView?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var asked = await _asked.FindAsync(name, cancellationToken);
        var promotions = await _promotions.ListAsync(cancellationToken);
        return asked is not null ? await OfAsync(asked, promotions, cancellationToken)
            : promotions.FirstOrDefault(p => p.Request.Id == name) is { } promotion ? await OfAsync(promotion, null, cancellationToken)
            : null;
    }

    /// <summary>A policy's newest promotion in an environment (null: the server's own); null where there is none.</summary>
    /// <exception cref="ArgumentException">There is no such policy.</exception>
    public async Task<PromotionView?> NewestOfAsync(string policy, string? environment, CancellationToken cancellationToken)
    {
        environment ??= options.Environment;
        var artifact = await new References(options.Objects, site.Time, environment).ResolveAsync(policy, cancellationToken);
        return (await ListAsync(cancellationToken)).FirstOrDefault(v => (v.Promotion?.Request.Challenger ?? v.Asked?.Artifact) == artifact && (v.Environment.Length > 0 ? v.Environment : options.Environment) == environment);
    }

    /// <summary>Keeps the caller's word, and lets go on what waits for it.</summary>
    public async Task<Word> ApproveAsync(PromotionView view, Caller caller, ApprovalBody body, CancellationToken cancellationToken)
    {
        var request = (view.Promotion ?? throw new InvalidOperationException($"It is not known yet what the promotion of {view.Policy} rests on; there is nothing to approve.")).Request;
        var approval = new Approval(request.Id, body.EvidenceOf(), caller.Name, body.Approves, body.Comment ?? "", site.Time.GetUtcNow()) { IsLocal = caller.IsLocal };
        if (view.Promotion.Approvals.Select(a => a.Approval).FirstOrDefault(a => IsSame(a, approval)) is null)
        {
            var answer = await _promotions.ApproveAsync(request, approval, await options.Keys.SignerAsync(request.Environment, cancellationToken), cancellationToken);
            if (answer.Refusal is { } refusal) return new(view, refusal);
        }
        // Sent again where it was said before: the process may have been killed in between.
        await site.Runtime.SendEventAsync(request.Event, new JsonObject { ["promotion"] = request.Id }, null, cancellationToken);
        return new((await FindAsync(request.Id, cancellationToken))!, null);
    }

    /// <summary>Why this caller has no say in a promotion; null where they have one.</summary>
    public string? Objection(PromotionView view, Caller caller)
    {
        if (view.Promotion is not { } promotion || !Permissions.Of(caller.Role).Contains(Permission.Approve)) return "Approvers decide; you may read.";
        if (promotion.State != PromotionState.Waiting) return null;
        var mine = promotion.Approvals.FirstOrDefault(a => ApprovalRules.FileOf(a.Approval.Approver) == ApprovalRules.FileOf(caller.Name))?.Approval;
        return mine is not null ? $"You have {(mine.Approves ? "approved" : "rejected")} it."
            : ApprovalRules.Objection(promotion.Request, new(promotion.Request.Id, promotion.Request.Evidence, caller.Name, true, "", site.Time.GetUtcNow()) { IsLocal = caller.IsLocal });
    }

    static bool IsSame(Approval known, Approval said) =>
        ApprovalRules.FileOf(known.Approver) == ApprovalRules.FileOf(said.Approver) && (known.Approves, known.Evidence, known.Comment) == (said.Approves, said.Evidence, said.Comment);

    async Task<PromotionView> OfAsync(AskedPromotion asked, IReadOnlyList<Promotion> promotions, CancellationToken cancellationToken)
    {
        if (promotions.FirstOrDefault(p => p.Request.Instance == asked.Instance) is { } own) return await OfAsync(own, asked, cancellationToken);
        var run = await site.Runtime.FindAsync(asked.Instance, cancellationToken);
        if (run is null) return new(asked.Instance, PromotionView.Preparing, "It was not begun; whoever asks again with the same key begins it.", asked, null, null);
        var details = await site.Runtime.GetAsync(asked.Instance, cancellationToken);
        var id = IdOf(details);
        if (promotions.FirstOrDefault(p => p.Request.Id == id) is { } same) return await OfAsync(same, asked, cancellationToken);
        return new(
            asked.Instance,
            run.IsOpen ? PromotionView.Preparing : run.Status == WorkflowStatus.Finished ? nameof(PromotionState.Refused) : PromotionView.Failed,
            run.Incident?.Reason ?? details.Outputs["reason"]?.GetValue<string>(), asked, null, run);
    }

    async Task<PromotionView> OfAsync(Promotion promotion, AskedPromotion? asked, CancellationToken cancellationToken)
    {
        var request = promotion.Request;
        asked ??= await _asked.FindAsync(request.Instance, cancellationToken);
        var run = await site.Runtime.FindAsync(request.Instance, cancellationToken);
        var reason = promotion.Refusal?.Reason
            ?? (promotion.Approvals.FirstOrDefault(a => !a.Approval.Approves)?.Approval is { } no ? $"{no.Approver} rejected it: {no.Comment}" : null)
            ?? (promotion.State is PromotionState.Waiting or PromotionState.Approved && run is { IsOpen: false } ? await EndedAsync(run, cancellationToken) : null);
        return new(request.Instance, promotion.State.ToString(), reason, asked, promotion, run);
    }

    /// <summary>Why nothing is at work on a promotion that is not over.</summary>
    async Task<string> EndedAsync(InstanceSummary run, CancellationToken cancellationToken) =>
        $"Instance {run.Id}, which was to do it, is {run.Status.ToString().ToLowerInvariant()}: {run.Incident?.Reason ?? (await site.Runtime.GetAsync(run.Id, cancellationToken)).Outputs["reason"]?.GetValue<string>() ?? "it says no reason"}";

    /// <summary>The id of the promotion that an instance works on; null before it knows.</summary>
    static string? IdOf(InstanceDetails details)
    {
        string? Text(string name) => (details.Variables[name] ?? details.Outputs[name]) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        return Text("promotion") is { Length: > 0 } id ? id
            : (Text("environment"), Text("campaign"), Text("champion"), Text("challenger"), Text("decision")) is ({ } environment, { } campaign, { } champion, { } challenger, { } decision)
                ? PromotionRequest.IdOf(environment, campaign, ArtifactRef.Parse(champion), ArtifactRef.Parse(challenger), ArtifactRef.Parse(decision))
            : null;
    }
}
