using Rlhf.Steps.Notifications;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>Takes notifications, unless it is said not to.</summary>
sealed class MemoryNotifications : INotifications
{
    public bool IsAway { get; set; }

    public int Refused { get; private set; }

    public List<Notification> Taken { get; } = [];

    public IEnumerable<string> Types => Taken.Select(n => n.Type);

    public Task<bool> SendAsync(Notification notification, CancellationToken cancellationToken)
    {
        if (IsAway) Refused++;
        else Taken.Add(notification);
        return Task.FromResult(!IsAway);
    }
}
