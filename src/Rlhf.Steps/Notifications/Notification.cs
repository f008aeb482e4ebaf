using System.Text.Json.Nodes;

namespace Rlhf.Steps.Notifications;

/// <summary>
/// Something that people or programs elsewhere should know. The id, without a full stop, is its identity: sent again after a crash it is the same
/// notification. The type is words with full stops, such as <c>judgements.reminder</c>; the data holds figures and names, never a prompt or a completion.
/// </summary>
public sealed record Notification(string Id, string Type, DateTimeOffset At, JsonObject Data);

/// <summary>Where notifications go. Implementers take seconds at most, and no failure of theirs is anybody else's: it is logged and answered.</summary>
public interface INotifications
{
    /// <summary>The name of the port in a step's services.</summary>
    const string Service = "notifications";

    /// <summary>Sends it; who sends the same again is answered the same.</summary>
    /// <returns>False where it did not arrive; it may be sent again later.</returns>
    Task<bool> SendAsync(Notification notification, CancellationToken cancellationToken);
}
