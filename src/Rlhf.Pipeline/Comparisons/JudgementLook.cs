using Rlhf.Pipeline.Judging;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>
/// One look at what has come: asks where nobody was asked yet, and goes on waiting, turns to another labeler, or ends. Whatever it decides it
/// leaves behind before it does it, and whatever it does it may do again.
/// </summary>
sealed class JudgementLook(IReadOnlyList<Comparison> comparisons, CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context)
{
    // How long a notification that did not arrive waits for the next look.
    static readonly TimeSpan SendAgain = TimeSpan.FromMinutes(10);

    readonly JudgementNotices _notices = new(context);
    readonly DateTimeOffset _now = context.Time.GetUtcNow();

    public async Task<StepResult> RunAsync(CancellationToken cancellationToken)
    {
        var wait = JudgementWait.Of(context.Execution.State);
        var asking = wait?.Given is { } given
            ? await Asking.RestAsync(given, comparisons, inputs, hparams, context, cancellationToken)
            : Asking.All(comparisons, inputs, hparams, context);
        if (wait is null or { Given: not null, EscalatedAt: null })
        {
            await asking.AskAsync(cancellationToken);
            await WarnAsync(cancellationToken);
            wait = wait is null ? new() { AskedAt = _now } : wait.BegunAgain(_now) with { EscalatedAt = _now };
        }
        if (wait.BeginsAgain) wait = wait.BegunAgain(_now);
        var progress = await asking.CollectAsync(comparisons, wait.EscalatedAt ?? wait.AskedAt, cancellationToken);
        wait = wait.Seen(progress, comparisons.Count * hparams.JudgementsPerComparison);
        if (progress is { Trouble: { } trouble, NextAnswerAt: { } again }) return await UnseenAsync(asking, wait, progress, trouble, again, cancellationToken);
        var count = CountOf(asking, wait, progress);
        if (count.IsComplete) return await CompleteAsync(wait, progress, count, cancellationToken);
        var hasMoreToCome = progress is { Pending: > 0, NextAnswerAt: not null };
        if (hasMoreToCome && !wait.IsOver) return await WaitAsync(wait, progress, count, cancellationToken);
        return wait.Given is null && count.Missing > 0 && hparams.EscalateTo.Length > 0
            ? await EscalateAsync(asking, wait, cancellationToken)
            : await EndAsync(asking, wait, count, hasMoreToCome, progress.Remark, cancellationToken);
    }

    /// <summary>
    /// Looks again, however long that takes: what was given could not be seen, so nothing may be decided about what is missing, at a deadline neither. Reminders
    /// go out meanwhile.
    /// </summary>
    async Task<StepResult> UnseenAsync(Asking asking, JudgementWait wait, LabelingProgress progress, string trouble, DateTimeOffset again, CancellationToken cancellationToken)
    {
        var asked = comparisons.Count * hparams.JudgementsPerComparison;
        var (due, _) = wait.RemindersAt(_now, hparams);
        wait = due > wait.Reminders
            ? await _notices.RemindAsync(wait, due, new(asking.Name, asked, wait.Judged ?? 0, wait.Missing ?? asked, 0, wait.Deadline(hparams)), cancellationToken)
            : await _notices.AgainAsync(wait, cancellationToken);
        return new StepResult.Waiting(wait.ToState(), again, trouble) { Events = progress.Events };
    }

    async Task<StepResult> WaitAsync(JudgementWait wait, LabelingProgress progress, JudgementCount count, CancellationToken cancellationToken)
    {
        if (count.Deadline <= _now)
        {
            // Done at the next look: whatever happens before it, and by whichever clock it looks, the deadline is over.
            wait = await _notices.DeadlineAsync(wait with { IsOver = true }, count, cancellationToken);
            return new StepResult.Waiting(wait.ToState(), _now, $"{count.Missing} of {count.Asked} judgements have not come by {JudgementNotices.Text(_now)}");
        }
        var (due, nextReminder) = wait.RemindersAt(_now, hparams);
        wait = due > wait.Reminders
            ? await _notices.RemindAsync(wait, due, count, cancellationToken)
            : await _notices.AgainAsync(wait, cancellationToken);
        DateTimeOffset?[] times = [progress.NextAnswerAt, count.Deadline, nextReminder, wait.Unsent.Count > 0 ? _now + SendAgain : null];
        return new StepResult.Waiting(wait.ToState(), times.Min()!.Value, Waits(count, progress)) { Events = progress.Events };
    }

    async Task<StepResult> EscalateAsync(Asking asking, JudgementWait wait, CancellationToken cancellationToken)
    {
        await asking.WithdrawAsync(cancellationToken);
        var left = await CollectAsync(asking, wait, cancellationToken);
        var count = CountOf(asking, wait, left);
        if (count.Missing == 0) return await CompleteAsync(wait, left, count, cancellationToken);
        // Kept, so that what the other labeler is asked for is the same at every look.
        var given = await context.Artifacts.PutJudgementsAsync(comparisons, hparams.JudgementsPerComparison, left.Judgements, left.Files, cancellationToken);
        wait = await _notices.EscalatedAsync(wait, count, hparams.EscalateTo, cancellationToken);
        return new StepResult.Waiting(
            (wait with { Given = given, IsOver = false }).ToState(), _now, $"'{hparams.EscalateTo}' is asked for {count.Missing} of {count.Asked} judgements, which '{inputs.Labeler}' did not give");
    }

    async Task<StepResult> EndAsync(Asking asking, JudgementWait wait, JudgementCount count, bool hasMoreToCome, string? remark, CancellationToken cancellationToken)
    {
        if (count.Given < count.Least)
        {
            await _notices.EndAsync(wait, cancellationToken);
            // What was asked stays asked: who tries again waits for it, and answers that come until then count.
            return new StepResult.Failed(TooFew(count, hasMoreToCome, remark), Transient: false) { State = (wait with { IsOver = false, BeginsAgain = true, Unsent = [] }).ToState() };
        }
        await asking.WithdrawAsync(cancellationToken);
        var left = await CollectAsync(asking, wait, cancellationToken);
        return await CompleteAsync(wait, left, CountOf(asking, wait, left), cancellationToken);
    }

    async Task<StepResult> CompleteAsync(JudgementWait wait, LabelingProgress progress, JudgementCount count, CancellationToken cancellationToken)
    {
        await _notices.EndAsync(wait, cancellationToken);
        if (count.Missing > 0)
        {
            var unjudged = comparisons.Count - progress.Judgements.DistinctBy(j => j.ComparisonId).Count();
            var sentence = $"{count.Missing} of {count.Asked} judgements never came and the round goes on without them, {count.Least} being enough; {unjudged} of {comparisons.Count} comparisons have none.";
            context.Progress(1, sentence);
            context.Notice(sentence);
        }
        var judgements = await context.Artifacts.PutJudgementsAsync(comparisons, hparams.JudgementsPerComparison, progress.Judgements, progress.Files, cancellationToken);
        return new StepResult.Completed(CanonicalJson.ToObject(new CollectJudgements.Outputs(judgements)));
    }

    /// <exception cref="IOException">It could not be looked at what is there, which may pass.</exception>
    async Task<LabelingProgress> CollectAsync(Asking asking, JudgementWait wait, CancellationToken cancellationToken)
    {
        var progress = await asking.CollectAsync(comparisons, wait.EscalatedAt ?? wait.AskedAt, cancellationToken);
        return progress.Trouble is { } trouble ? throw new IOException(trouble) : progress;
    }

    async Task WarnAsync(CancellationToken cancellationToken)
    {
        if (inputs.Judge is not { } judge) return;
        List<ArtifactRef> compared = [.. comparisons.Where(c => c.Purpose.StartsWith("evaluation", StringComparison.Ordinal)).SelectMany(c => new[] { c.A.Source, c.B.Source }).Distinct()];
        if (compared.Count > 0 && await OwnJudges.HadPartInAsync(context.Artifacts.Objects, judge, compared, cancellationToken))
            context.Notice($"{judge.Short} judges for the gate, and had a part in training a policy that it judges: it prefers what it taught, whether or not people do. A judge from outside, or people, would tell.");
    }

    JudgementCount CountOf(Asking asking, JudgementWait wait, LabelingProgress progress)
    {
        var asked = comparisons.Count * hparams.JudgementsPerComparison;
        var given = progress.Judgements.CountBy(j => j.ComparisonId).Sum(c => Math.Min(c.Value, hparams.JudgementsPerComparison));
        context.Progress((double)given / asked, $"{given} of {asked} judgements{JudgedBy.Mark(progress.Judgements.Any(j => j.Simulated), JudgedBy.JudgeShare(progress.Judgements))}");
        // A share such as 0.7 of 10 must not become 8 by its last binary digit.
        return new(asking.Name, asked, given, progress.Pending, Math.Max(1, (int)Math.Ceiling(hparams.LeastShare * asked - 1e-6)), wait.Deadline(hparams));
    }

    string Waits(JudgementCount count, LabelingProgress progress)
    {
        var waits = $"{Math.Max(count.Missing, count.Pending)} judgements have not come yet{(progress.Place is { } place ? $" at {place}" : "")}{(progress.Remark is { } remark ? $"; {remark}" : "")}";
        return count.Deadline is not { } deadline ? waits
            : $"{waits}; at {JudgementNotices.Text(deadline)} {(hparams.EscalateTo.Length > 0 && count.Labeler != hparams.EscalateTo ? $"'{hparams.EscalateTo}' is asked for them" : $"{count.Least} of {count.Asked} are enough")}";
    }

    string TooFew(JudgementCount count, bool hasMoreToCome, string? remark) =>
        hasMoreToCome && count.Deadline is { } deadline
            ? $"{count.Given} of {count.Asked} judgements came by {JudgementNotices.Text(deadline)}, the deadline of '{count.Labeler}'; expected at least {count.Least} ('leastShare' {hparams.LeastShare}). Trying again waits for another {hparams.DeadlineHours} hours."
            : $"Labeler '{count.Labeler}' gave {count.Given} of {count.Asked} judgements and has nothing more to come{(remark is null ? "" : $" ({remark})")}; expected at least {count.Least}.";
}
