using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Access;
using Rlhf.Server.Hosting;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Server.Promotions;

/// <summary><c>/api/promotions</c>: asks for a promotion, says how far it is, and takes approvals.</summary>
static class PromotionApi
{
    const string None = "This server takes no promotions.";

    public static async Task AskAsync(HttpContext context)
    {
        if (await CounterAsync(context) is not { } counter) return;
        var key = AskBody.KeyOf(context);
        var view = await counter.AskAsync(Caller.Of(context)!, key, (await Answers.ReadAsync<AskBody>(context)).Checked(), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = LinkOf(view.Instance);
        await Answers.WriteAsync(context, Short(view, view.Instance));
    }

    public static async Task ListAsync(HttpContext context)
    {
        if (await CounterAsync(context) is not { } counter) return;
        await Answers.WriteAsync(context, new JsonArray([.. (await counter.ListAsync(context.RequestAborted)).Select(v => Short(v, v.Name))]));
    }

    public static async Task GetAsync(HttpContext context)
    {
        if (await FindAsync(context) is not var (counter, view)) return;
        await Answers.WriteAsync(context, await LongAsync(counter, view, context.RequestAborted));
    }

    public static async Task ApproveAsync(HttpContext context)
    {
        if (await FindAsync(context) is not var (counter, view)) return;
        var (promotion, refusal) = await counter.ApproveAsync(view, Caller.Of(context)!, (await Answers.ReadAsync<ApprovalBody>(context)).Checked(), context.RequestAborted);
        if (refusal is not null) await Answers.ErrorAsync(context, StatusCodes.Status409Conflict, refusal);
        else await Answers.WriteAsync(context, await LongAsync(counter, promotion, context.RequestAborted));
    }

    /// <summary>Null where it was answered that there is none.</summary>
    public static async Task<PromotionCounter?> CounterAsync(HttpContext context)
    {
        if (PromotionCounter.Of(context.RequestServices.GetRequiredService<Site>()) is { } counter) return counter;
        await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, None);
        return null;
    }

    /// <inheritdoc cref="CounterAsync"/>
    public static async Task<(PromotionCounter Counter, PromotionView Promotion)?> FindAsync(HttpContext context)
    {
        if (await CounterAsync(context) is not { } counter) return null;
        var id = $"{context.Request.RouteValues["id"]}";
        // A program that knows the policy only, such as a check of a pipeline.
        if (References.IsReference(id) && await counter.NewestOfAsync(id, context.Request.Query["environment"] is [{ Length: > 0 } environment] ? environment : null, context.RequestAborted) is { } newest) return (counter, newest);
        if (id.Length is 16 or 32 && id.All(char.IsAsciiHexDigitLower) && await counter.FindAsync(id, context.RequestAborted) is { } view) return (counter, view);
        await Answers.ErrorAsync(context, StatusCodes.Status404NotFound, $"There is no promotion '{Labeling.Texts.Short(id)}' in this store.");
        return null;
    }

    static string LinkOf(string name) => $"/api/promotions/{name}";

    static JsonObject Short(PromotionView view, string name) => new()
    {
        ["id"] = view.Id,
        ["instance"] = view.Instance,
        ["state"] = view.State,
        ["reason"] = view.Reason,
        ["policy"] = view.Promotion?.Request.Challenger.ToString() ?? view.Asked?.Artifact.ToString(),
        ["environment"] = view.Environment.Length > 0 ? view.Environment : null,
        ["requestedBy"] = view.By,
        ["requestedAt"] = view.At.ToString("O"),
        ["comment"] = view.Asked?.Comment,
        ["approvals"] = view.Promotion?.Approvals.Count(a => a.Approval.Approves),
        ["missing"] = view.Promotion?.Missing,
        ["version"] = view.Promotion?.Became?.Version,
        ["link"] = LinkOf(name),
    };

    static async Task<JsonObject> LongAsync(PromotionCounter counter, PromotionView view, CancellationToken cancellationToken)
    {
        var document = Short(view, view.Name);
        if (view.Promotion is not { } promotion) return document;
        var request = promotion.Request;
        document["campaign"] = request.Campaign;
        document["champion"] = request.Champion.ToString();
        document["evidence"] = request.Evidence.ToString();
        document["startedBy"] = new JsonArray([.. request.StartedBy.Select(s => JsonValue.Create(s))]);
        document["approvals"] = new JsonArray([.. promotion.Approvals.Select(a => CanonicalJson.ToNode(a.Approval))]);
        document["approvalsAsked"] = request.Approvals;
        var decision = await counter.Artifacts.ReadJsonAsync<GateDecision>(request.Decision, GateDecision.File, cancellationToken);
        document["decision"] = new JsonObject { ["artifact"] = request.Decision.ToString(), ["content"] = CanonicalJson.ToNode(decision) };
        document["criteria"] = new JsonObject
        {
            ["artifact"] = request.Criteria.ToString(),
            ["content"] = CanonicalJson.ToNode(GateCriteria.Parse(request.Criteria.Short, await counter.Artifacts.ReadFileAsync(request.Criteria, GateCriteria.File, cancellationToken))),
        };
        // A record that promoted nothing is none to show: another promotion was first.
        document["record"] = promotion is { Record: { } record, Became: not null } ? CanonicalJson.ToNode(record) : null;
        document["recordArtifact"] = promotion.Became?.Reason;
        return document;
    }
}
