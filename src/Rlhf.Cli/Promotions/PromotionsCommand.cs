using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Stores;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Promotions;

/// <summary><c>rlhf promotions list | show | approve | reject</c>.</summary>
static class PromotionsCommand
{
    public static async Task<int> ListAsync(Workspace workspace, string? environment, bool json, CancellationToken cancellationToken)
    {
        var promotions = (await workspace.Promotions.ListAsync(cancellationToken)).Where(p => environment is null || p.Request.Environment == environment).ToList();
        Output.Write(json, new JsonArray([.. promotions.Select(ToJson)]), () =>
        {
            foreach (var promotion in promotions)
                Console.Out.WriteLine($"{promotion.Request.Id}  {promotion.Request.At:yyyy-MM-dd HH:mm} UTC  {promotion.Request.Environment,-10}  {promotion.Request.Challenger.Short}  {State(promotion)}");
            if (promotions.Count == 0) Console.Error.WriteLine($"Nothing was promoted in {workspace.Place}.");
        });
        return ExitCodes.Done;
    }

    public static async Task<int> ShowAsync(Workspace workspace, string id, bool json, CancellationToken cancellationToken)
    {
        var promotion = await workspace.Promotions.GetAsync(id, cancellationToken);
        var request = promotion.Request;
        Output.Write(json, ToJson(promotion), () =>
        {
            Console.Out.WriteLine($"Promotion {request.Id} in '{request.Environment}': {State(promotion)}");
            if (promotion.Record is { } signed) PromotionText.Record(signed.Record);
            else
            {
                Console.Out.WriteLine($"  {request.Challenger} is to follow {request.Champion.Short} as champion of {request.Campaign}{(request.IsFirst ? ", the first of this environment" : "")}");
                Console.Out.WriteLine($"  decision:    {request.Decision}");
                Console.Out.WriteLine($"  evidence:    {request.Evidence}");
                Console.Out.WriteLine($"  criteria:    {request.Criteria}");
                Console.Out.WriteLine($"  asked for:   {request.RequestedBy ?? "by nobody known"} at {request.At:yyyy-MM-dd HH:mm:ss} UTC{PromotionText.Starters(request.StartedBy)}");
                PromotionText.Approvals(promotion.Approvals, request.Approvals);
            }
            if (promotion.Became is { } became) Console.Out.WriteLine($"Record: {became.Reason}");
        });
        return ExitCodes.Done;
    }

    /// <summary>The word of the person at this machine; nobody but the operating system says who that is.</summary>
    public static async Task<int> AnswerAsync(Workspace workspace, string id, bool approves, string comment, bool json, CancellationToken cancellationToken)
    {
        var request = (await workspace.Promotions.GetAsync(id, cancellationToken)).Request;
        var approval = new Approval(request.Id, request.Evidence, Environment.UserName, approves, comment, TimeProvider.System.GetUtcNow()) { IsLocal = true };
        var signer = await workspace.PromotionKeys.SignerAsync(request.Environment, cancellationToken);
        var answer = await workspace.Promotions.ApproveAsync(request, approval, signer, cancellationToken);
        if (answer.Refusal is { } refusal) throw new InvalidOperationException(refusal);
        await workspace.Runtime.SendEventAsync(request.Event, new JsonObject(), null, cancellationToken);
        var promotion = await workspace.Promotions.OfAsync(request, cancellationToken);
        Output.Write(json, ToJson(promotion), () => Console.Out.WriteLine(
            $"{approval.Approver} has {(approves ? "approved" : "rejected")} promotion {request.Id}. "
            + (promotion.State == PromotionState.Waiting ? $"{promotion.Missing} of {request.Approvals} approvals are missing." : "It goes on where a process drives the store (rlhf serve), or with rlhf promote, given again.")));
        return ExitCodes.Done;
    }

    static string State(Promotion promotion) => promotion.State switch
    {
        PromotionState.Promoted => $"promoted as version {promotion.Became!.Version} at {promotion.Became.At:yyyy-MM-dd HH:mm} UTC",
        PromotionState.Refused => $"refused: {promotion.Refusal?.Reason ?? promotion.Approvals.Where(a => !a.Approval.Approves).Select(a => $"{a.Approval.Approver} rejected it: {a.Approval.Comment}").FirstOrDefault() ?? "another champion was set first"}",
        PromotionState.Approved => "approved, not promoted yet",
        _ => $"waits for {promotion.Missing} of {promotion.Request.Approvals} approvals",
    };

    static JsonObject ToJson(Promotion promotion)
    {
        var document = CanonicalJson.ToObject(promotion with { Record = null });
        document["state"] = JsonNamingPolicy.CamelCase.ConvertName(promotion.State.ToString());
        document["record"] = promotion.Became?.Reason;
        document["contents"] = promotion.Record is { } signed ? CanonicalJson.ToNode(signed.Record) : null;
        return document;
    }
}
