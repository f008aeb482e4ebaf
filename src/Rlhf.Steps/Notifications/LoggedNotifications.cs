using Rlhf.Steps.Json;

namespace Rlhf.Steps.Notifications;

/// <summary>Writes each notification as a line of a log.</summary>
public sealed class LoggedNotifications(Action<string> log) : INotifications
{
    public Task<bool> SendAsync(Notification notification, CancellationToken cancellationToken)
    {
        log($"{notification.Type}: {CanonicalJson.ToText(notification.Data)}");
        return Task.FromResult(true);
    }
}
