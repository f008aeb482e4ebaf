using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Labeling;

/// <summary>What judgements prefer besides the better side: a place, length, what the labeler's own model wrote. Null with the reason where nothing tells.</summary>
sealed class Biases(IReadOnlyList<JudgementLine> lines, string who, Figures figures)
{
    readonly List<JudgementLine> _decisive = [.. lines.Where(l => l.Choice.Side() != Side.Tie)];

    public Proportion? Position()
    {
        // Of a judge that was asked in both orders each counts: where they differ, the place has decided.
        var placed = _decisive.Where(l => l is { Orders: null, ShownFirst: not null }).Select(l => l.Choice.Side() == l.ShownFirst)
            .Concat(lines.SelectMany(l => l.Orders ?? []).Where(o => o.Better != Side.Tie).Select(o => o.Better == o.ShownFirst)).ToList();
        return figures.Known(
            "positionPreference", Proportion.Of95(placed.Count(first => first), placed.Count),
            _decisive.Count == 0 ? $"{who} preferred no side." : "No line says which side was shown first (shown_first).");
    }

    public Proportion? Length()
    {
        var unequal = _decisive.Where(l => Longer(l) != 0).ToList();
        return figures.Known(
            "lengthPreference", Proportion.Of95(unequal.Count(l => l.Choice.Side() == (Longer(l) > 0 ? Side.A : Side.B)), unequal.Count),
            $"{who} preferred no side of a pair of different length.");
    }

    public Proportion? Self()
    {
        var own = _decisive.Select(l => (l.Choice, A: IsOwn(l.Labeler, l.SourceA), B: IsOwn(l.Labeler, l.SourceB))).Where(l => l.A != l.B).ToList();
        return figures.Known(
            "selfPreference", Proportion.Of95(own.Count(l => l.Choice.Side() == (l.A ? Side.A : Side.B)), own.Count),
            $"{who} preferred no side of a pair one side of which the labeler's own model wrote (source_a, source_b).");
    }

    static bool IsOwn(string labeler, string? source) => source is not null && (JudgeName.Parse(labeler)?.Wrote(source) ?? source == labeler);

    /// <summary>How much longer the first text is, in characters.</summary>
    static int Longer(JudgementLine line) => Characters(line.CompletionA!) - Characters(line.CompletionB!);

    // Of Unicode: an emoji is one.
    static int Characters(string text) => text.EnumerateRunes().Count();
}
