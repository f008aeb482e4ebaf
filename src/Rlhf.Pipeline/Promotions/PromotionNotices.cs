using System.Text.Json.Nodes;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Promotions;

/// <summary>
/// Tells others how a promotion goes. An id follows from the promotion and what happened, so that it is the same whichever process says it; one that did not
/// arrive stays in the wait and is sent again at the next look.
/// </summary>
sealed class PromotionNotices(string promotion, string environment, PromoteChallenger.Inputs inputs, StepContext context)
{
    public const string Requested = "promotion.requested", Approved = "promotion.approved", Reminder = "promotion.reminder", Promoted = "promotion.promoted", Refused = "promotion.refused";

    /// <param name="number">Tells several of one type apart; empty for what happens once.</param>
    public async Task<PromotionWait> SendAsync(PromotionWait wait, string type, string number, CancellationToken cancellationToken, params (string Name, JsonNode? Value)[] more) =>
        await SendAsync(wait with { Unsent = [.. wait.Unsent.Where(n => n.Type != type || type != Reminder), Of(type, number, more)] }, cancellationToken);

    /// <summary>In order, and no further than to the first that does not arrive: each failure takes seconds.</summary>
    public async Task<PromotionWait> SendAsync(PromotionWait wait, CancellationToken cancellationToken)
    {
        if (wait.Unsent.Count == 0) return wait;
        var notifications = context.Service<INotifications>(INotifications.Service);
        List<Notification> unsent = [.. wait.Unsent];
        while (unsent.Count > 0 && await notifications.SendAsync(unsent[0], cancellationToken)) unsent.RemoveAt(0);
        return wait with { Unsent = unsent };
    }

    /// <summary>At the end: tries once, and keeps what did not arrive for whoever drives the store next.</summary>
    public async Task EndAsync(PromotionWait wait, string type, string number, CancellationToken cancellationToken, params (string Name, JsonNode? Value)[] more)
    {
        var unsent = (await SendAsync(wait with { Unsent = [.. wait.Unsent.Where(n => n.Type != Reminder)] }, type, number, cancellationToken, more)).Unsent;
        if (unsent.Count == 0) return;
        await new UnsentNotifications(context.Artifacts.Objects).KeepAsync(unsent, cancellationToken);
        context.Notice($"Not sent yet, since the notifications' receiver did not take them: {string.Join(", ", unsent.Select(n => n.Type))}.");
    }

    Notification Of(string type, string number, (string Name, JsonNode? Value)[] more)
    {
        var data = new JsonObject
        {
            ["promotion"] = promotion,
            ["environment"] = environment,
            ["campaign"] = inputs.Campaign,
            ["champion"] = $"{inputs.Champion}",
            ["challenger"] = $"{inputs.Challenger}",
            ["decision"] = $"{inputs.Decision}",
            ["instance"] = context.Execution.Instance,
            ["workflow"] = context.Execution.Workflow,
        };
        foreach (var (name, value) in more) data[name] = value;
        return new($"{promotion}-{type.Replace('.', '-')}{(number.Length > 0 ? $"-{number}" : "")}", type, context.Time.GetUtcNow(), data);
    }
}
