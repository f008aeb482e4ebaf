using Microsoft.EntityFrameworkCore;
using Rlhf.Runtime.Store;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Runtime.Labeling;

/// <content>Labelers answer the examples of the guidelines before the first question of an axis.</content>
public sealed partial class LabelingQueue
{
    /// <summary>True where a try of this version was good enough.</summary>
    public async Task<bool> HasQualifiedAsync(string labeler, string axis, string version, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        return await db.LabelingQualifications.AnyAsync(q => q.Labeler == labeler && q.Axis == axis && q.Version == version && q.Passed, cancellationToken);
    }

    /// <summary>What the labeler is to answer next, the same until it was answered; null where the labeler is qualified.</summary>
    /// <param name="examples">Those of the guidelines that can be asked, at least one.</param>
    public async Task<QualifyingTry?> NextTryAsync(string labeler, GuidelinesVersion guidelines, IReadOnlyList<WorkedExample> examples, CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var tries = await TriesAsync(db, labeler, guidelines, cancellationToken);
        return tries.Exists(t => t.Passed) ? null : TryOf(labeler, guidelines, examples, tries.Count + 1);
    }

    /// <summary>Keeps the answers of a try. One that is there already is left as it is, and its outcome is given again.</summary>
    /// <param name="number">Of the try, from 1.</param>
    /// <param name="choices">Of each example, between the sides as they were shown.</param>
    /// <exception cref="ArgumentException">It is not the labeler's next try, or has not an answer for each example.</exception>
    /// <exception cref="InvalidOperationException">The labeler is qualified, or has not acknowledged these guidelines.</exception>
    public async Task<QualifyingOutcome> QualifyAsync(
        string labeler, GuidelinesVersion guidelines, IReadOnlyList<WorkedExample> examples, int number, IReadOnlyList<Choice> choices, CancellationToken cancellationToken)
    {
        if (choices.Count != examples.Count) throw new ArgumentException($"'choices' has {choices.Count} answers; expected {examples.Count}, one for each example.");
        if (!await HasAcknowledgedAsync(labeler, guidelines.Axis, guidelines.Version, cancellationToken))
            throw new InvalidOperationException($"{labeler} has not acknowledged version {guidelines.Version} of the guidelines for '{guidelines.Axis}'; expected guidelines that were read.");
        await using var db = _database.Connect();
        var tries = await TriesAsync(db, labeler, guidelines, cancellationToken);
        if (tries.Find(t => t.Try == number) is { } known) return OutcomeOf(known);
        if (tries.Exists(t => t.Passed)) throw new InvalidOperationException($"{labeler} is qualified for version {guidelines.Version} of the guidelines for '{guidelines.Axis}' already.");
        if (number != tries.Count + 1) throw new ArgumentException($"'try' is {number}; expected {tries.Count + 1}, the next one.");

        List<Choice> said = [.. TryOf(labeler, guidelines, examples, number).Examples.Zip(choices, (example, choice) => example.Turned(choice))];
        var outcome = new QualifyingOutcome(number, examples.Zip(said).Count(e => e.First.IsRight(e.Second)), said);
        db.LabelingQualifications.Add(new()
        {
            Labeler = labeler,
            Axis = guidelines.Axis,
            Version = guidelines.Version,
            Try = number,
            Said = string.Join(',', said.Select(c => c.Text())),
            Right = outcome.Right,
            Passed = outcome.IsQualified,
            ReceivedAt = _time.GetUtcNow(),
        });
        await OnceAsync(db, cancellationToken);
        // Sent twice at the same moment, perhaps from two windows: what is kept counts.
        return OutcomeOf((await TriesAsync(db, labeler, guidelines, cancellationToken)).Single(t => t.Try == number));
    }

    /// <summary>How everybody stands who has tried, by labeler and axis, with the version tried last.</summary>
    public async Task<IReadOnlyList<LabelerQualification>> QualificationsAsync(CancellationToken cancellationToken)
    {
        await using var db = _database.Connect();
        var tries = await db.LabelingQualifications.GroupBy(q => new { q.Labeler, q.Axis, q.Version })
            .Select(g => new { g.Key.Labeler, g.Key.Axis, g.Key.Version, Tries = g.Count(), Passed = g.Count(q => q.Passed), Last = g.Max(q => q.ReceivedAt) }).ToListAsync(cancellationToken);
        return
        [
            .. tries.GroupBy(t => (t.Labeler, t.Axis)).Select(g => g.MaxBy(t => t.Last)!).OrderBy(t => t.Labeler, StringComparer.Ordinal).ThenBy(t => t.Axis, StringComparer.Ordinal)
                .Select(t => new LabelerQualification(t.Labeler, t.Axis, t.Version, t.Tries, t.Passed > 0, t.Last)),
        ];
    }

    static QualifyingTry TryOf(string labeler, GuidelinesVersion guidelines, IReadOnlyList<WorkedExample> examples, int number) =>
        new(number, [.. examples.Select((example, i) => Qualification.Show(labeler, guidelines, number, i, example))]);

    static QualifyingOutcome OutcomeOf(LabelingQualificationRow row) => new(row.Try, row.Right, [.. row.Said.Split(',').Select(c => Choices.Parse(c)!.Value)]);

    static Task<List<LabelingQualificationRow>> TriesAsync(RuntimeDbContext db, string labeler, GuidelinesVersion guidelines, CancellationToken cancellationToken) =>
        db.LabelingQualifications.AsNoTracking().Where(q => q.Labeler == labeler && q.Axis == guidelines.Axis && q.Version == guidelines.Version).ToListAsync(cancellationToken);
}
