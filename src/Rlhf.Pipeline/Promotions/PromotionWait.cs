using System.Text.Json.Nodes;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;

namespace Rlhf.Pipeline.Promotions;

/// <summary>How far a wait for approvals is: what <see cref="PromoteChallenger"/> leaves behind while it waits.</summary>
sealed record PromotionWait
{
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Approvals that were there, and that were missing, when it was last looked at.</summary>
    public int Given { get; init; }

    /// <inheritdoc cref="Given"/>
    public int Missing { get; init; }

    /// <summary>Number of the newest reminder, from 1.</summary>
    public long Reminders { get; init; }

    /// <summary>True once the deadline was found to be over: no clock takes that back.</summary>
    public bool IsOver { get; init; }

    /// <summary>Notifications that did not arrive.</summary>
    public IReadOnlyList<Notification> Unsent { get; init; } = [];

    public static PromotionWait? Of(JsonObject? state) =>
        state is null ? null : CanonicalJson.Deserialize<PromotionWait>(CanonicalJson.Write(state), "The state of PromoteChallenger");

    public JsonObject ToState() => CanonicalJson.ToObject(this);

    /// <summary>Null where there is none.</summary>
    public DateTimeOffset? Deadline(PromoteChallenger.HParams hparams) => hparams.DeadlineHours > 0 ? AskedAt + TimeSpan.FromHours(hparams.DeadlineHours) : null;

    /// <summary>The number of the newest reminder that is due, and when the next one is; 0 and null where there are none.</summary>
    public (long Due, DateTimeOffset? Next) RemindersAt(DateTimeOffset now, PromoteChallenger.HParams hparams)
    {
        if (hparams.ReminderHours == 0) return (0, null);
        var every = TimeSpan.FromHours(hparams.ReminderHours).Ticks;
        var due = Math.Max(Reminders, (now - AskedAt).Ticks / every);
        return (due, AskedAt + TimeSpan.FromTicks((due + 1) * every));
    }
}
