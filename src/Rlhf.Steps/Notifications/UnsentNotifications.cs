using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Notifications;

/// <summary>
/// Notifications of what is over, which nobody is left to send again: kept as objects <c>notifications/time-id.json</c> until the receiver takes them, whichever
/// process sends them. One may arrive twice, under the same id, where the process is killed in between.
/// </summary>
public sealed class UnsentNotifications(IObjectStore objects)
{
    const string Root = "notifications/";

    public async Task KeepAsync(IEnumerable<Notification> notifications, CancellationToken cancellationToken)
    {
        foreach (var notification in notifications) await objects.TryCreateAsync(Name(notification), CanonicalJson.Serialize(notification), cancellationToken);
    }

    /// <summary>Sends what is kept, the oldest first and no further than to the first that does not arrive: each failure takes seconds.</summary>
    /// <returns>How many are left.</returns>
    public async Task<int> SendAsync(INotifications notifications, CancellationToken cancellationToken)
    {
        var names = await objects.ListAsync(Root, cancellationToken);
        for (var sent = 0; sent < names.Count; sent++)
        {
            // Null: another process has sent it meanwhile.
            if (await objects.ReadAsync(names[sent], cancellationToken) is not { } bytes) continue;
            if (!await notifications.SendAsync(CanonicalJson.Deserialize<Notification>(bytes, names[sent]), cancellationToken)) return names.Count - sent;
            await objects.DeleteAsync(names[sent], cancellationToken);
        }
        return 0;
    }

    static string Name(Notification notification) => $"{Root}{notification.At.UtcDateTime:yyyyMMddHHmmssfff}-{Uri.EscapeDataString(notification.Id)}.json";
}
