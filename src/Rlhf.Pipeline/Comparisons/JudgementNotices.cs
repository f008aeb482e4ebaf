using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>How much of what was asked for is there.</summary>
/// <param name="Labeler">Who is waited for.</param>
/// <param name="Asked">Judgements that every comparison was to have, together.</param>
/// <param name="Given">Those of them that are there; what a disputed comparison has beyond its number counts for no other one.</param>
/// <param name="Pending">What the labeler still means to give, further judgements of disputed comparisons among it.</param>
/// <param name="Least">Fewer given ones are not enough to go on with.</param>
sealed record JudgementCount(string Labeler, int Asked, int Given, int Pending, int Least, DateTimeOffset? Deadline)
{
    /// <summary>Judgements that a comparison still lacks.</summary>
    public int Missing => Asked - Given;

    public bool IsComplete => Missing == 0 && Pending == 0;
}

/// <summary>
/// Tells others how a wait for judgements goes. A notification's id follows from the step, the deadline and the reminder's number; one that did not arrive
/// stays in the wait and is sent again at the next look.
/// </summary>
sealed class JudgementNotices(StepContext context)
{
    const string Reminder = "judgements.reminder", Deadline = "judgements.deadline", Escalated = "judgements.escalated";

    public Task<JudgementWait> RemindAsync(JudgementWait wait, long number, JudgementCount count, CancellationToken cancellationToken) =>
        // Of reminders that did not arrive the newest says it all.
        SendAsync(WithoutReminders(wait) with { Reminders = number }, Notification(Reminder, $"{wait.Deadlines}-{number}", count, ("reminder", number)), cancellationToken);

    public Task<JudgementWait> DeadlineAsync(JudgementWait wait, JudgementCount count, CancellationToken cancellationToken) =>
        SendAsync(WithoutReminders(wait), Notification(Deadline, $"{wait.Deadlines}", count, ("least", count.Least)), cancellationToken);

    public Task<JudgementWait> EscalatedAsync(JudgementWait wait, JudgementCount count, string to, CancellationToken cancellationToken) =>
        SendAsync(wait, Notification(Escalated, $"{wait.Deadlines}", count, ("escalatedTo", to)), cancellationToken);

    /// <summary>Sends again what did not arrive.</summary>
    public Task<JudgementWait> AgainAsync(JudgementWait wait, CancellationToken cancellationToken) => SendAsync(wait, null, cancellationToken);

    /// <summary>At the end of the wait: tries once more, and says what never arrived.</summary>
    public async Task EndAsync(JudgementWait wait, CancellationToken cancellationToken)
    {
        var rest = (await AgainAsync(WithoutReminders(wait), cancellationToken)).Unsent;
        if (rest.Count > 0) context.Notice($"Not sent, since the notifications' receiver did not take them: {string.Join(", ", rest.Select(n => n.Type))}.");
    }

    static JudgementWait WithoutReminders(JudgementWait wait) => wait.Unsent.Count == 0 ? wait : wait with { Unsent = [.. wait.Unsent.Where(n => n.Type != Reminder)] };

    async Task<JudgementWait> SendAsync(JudgementWait wait, Notification? another, CancellationToken cancellationToken)
    {
        List<Notification> unsent = [.. wait.Unsent];
        if (another is not null) unsent.Add(another);
        if (unsent.Count == 0) return wait;
        var notifications = context.Service<INotifications>(INotifications.Service);
        // In order, and no further than to the first that does not arrive: each failure takes seconds.
        while (unsent.Count > 0 && await notifications.SendAsync(unsent[0], cancellationToken)) unsent.RemoveAt(0);
        return wait with { Unsent = unsent };
    }

    Notification Notification(string type, string number, JudgementCount count, (string Name, JsonNode Value) more) =>
        new($"{context.Key}-{type.Replace('.', '-')}-{number}", type, context.Time.GetUtcNow(), new()
        {
            ["instance"] = context.Execution.Instance,
            ["workflow"] = context.Execution.Workflow,
            ["activity"] = context.Execution.Activity,
            ["labeler"] = count.Labeler,
            ["asked"] = count.Asked,
            ["judged"] = count.Given,
            ["missing"] = count.Missing,
            ["deadline"] = count.Deadline is { } deadline ? Text(deadline) : null,
            [more.Name] = more.Value,
        });

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
