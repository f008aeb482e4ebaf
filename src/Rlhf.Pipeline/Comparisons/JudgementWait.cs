using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Notifications;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>
/// How far the asking is: what <see cref="CollectJudgements"/> leaves behind while it waits. What was decided or sent stands here, so that no clock and no
/// restart can take it back.
/// </summary>
sealed record JudgementWait
{
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>What was given when another labeler was turned to; null before.</summary>
    public ArtifactRef? Given { get; init; }

    /// <summary>When that other labeler was asked for the rest; null before.</summary>
    public DateTimeOffset? EscalatedAt { get; init; }

    /// <summary>From when deadline and reminders count; null: from the asking, or from the next look, where <see cref="BeginsAgain"/> says so.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Deadlines that were over before this one.</summary>
    public int Deadlines { get; init; }

    /// <summary>Number of the newest reminder since then, from 1.</summary>
    public long Reminders { get; init; }

    /// <summary>True once the deadline was found to be over: the next look ends the wait or turns to the other labeler.</summary>
    public bool IsOver { get; init; }

    /// <summary>True after a failure: who tries again begins another deadline then.</summary>
    public bool BeginsAgain { get; init; }

    /// <summary>Notifications that did not arrive.</summary>
    public IReadOnlyList<Notification> Unsent { get; init; } = [];

    /// <summary>For people: where the questions are, where that is another program; null otherwise.</summary>
    public string? Place { get; init; }

    /// <summary>Judgements that were seen there, and that were missing, when it was last looked at: how far they are stands nowhere else.</summary>
    public int? Judged { get; init; }

    /// <inheritdoc cref="Judged"/>
    public int? Missing { get; init; }

    /// <summary>Why it could not be looked at just now; null where it could.</summary>
    public string? Trouble { get; init; }

    /// <summary>What was seen before stays until there is something to be seen again.</summary>
    public JudgementWait Seen(LabelingProgress progress, int asked) =>
        progress.Place is null ? this with { Place = null, Judged = null, Missing = null, Trouble = null }
        : progress.Trouble is not null ? this with { Place = progress.Place, Judged = Judged ?? 0, Missing = Missing ?? asked, Trouble = progress.Trouble }
        : this with { Place = progress.Place, Judged = progress.Judgements.Count, Missing = progress.Pending, Trouble = null };

    /// <summary>What the last look left; null for the first one.</summary>
    public static JudgementWait? Of(JsonObject? state) =>
        state is null ? null : CanonicalJson.Deserialize<JudgementWait>(CanonicalJson.Write(state), "The state of CollectJudgements");

    public JsonObject ToState() => CanonicalJson.ToObject(this);

    /// <summary>Another deadline, and reminders from the first.</summary>
    public JudgementWait BegunAgain(DateTimeOffset now) => this with { Since = now, Deadlines = Deadlines + 1, Reminders = 0, IsOver = false, BeginsAgain = false };

    /// <summary>Null where there is none.</summary>
    public DateTimeOffset? Deadline(CollectJudgements.HParams hparams) => hparams.DeadlineHours > 0 ? Begun + TimeSpan.FromHours(hparams.DeadlineHours) : null;

    /// <summary>The number of the newest reminder that is due, and when the next one is; 0 and null where there are none. In whole ticks: a time that has come is due.</summary>
    public (long Due, DateTimeOffset? Next) RemindersAt(DateTimeOffset now, CollectJudgements.HParams hparams)
    {
        if (hparams.ReminderHours == 0) return (0, null);
        var every = TimeSpan.FromHours(hparams.ReminderHours).Ticks;
        var due = Math.Max(Reminders, (now - Begun).Ticks / every);
        return (due, Begun + TimeSpan.FromTicks((due + 1) * every));
    }

    DateTimeOffset Begun => Since ?? AskedAt;
}
