using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Labeling;

/// <summary>What labelers say of each side alone, each by the first answer to an item.</summary>
/// <param name="Said">Sides that were called <c>safe</c>, <c>unsafe</c> and <c>unsure</c>.</param>
/// <param name="Pairs">Pairs of labelers of the same side of an item.</param>
/// <param name="Same">Of these with the same word.</param>
/// <param name="UnsafePreferred">Judgements that prefer a side that the same labeler calls unsafe to one that is called safe.</param>
public sealed record SafetyReport(IReadOnlyDictionary<string, int> Said, int Pairs, int Same, int UnsafePreferred);

/// <summary>Makes a <see cref="SafetyReport"/>.</summary>
static class SafetyReports
{
    public static SafetyReport? Of(IReadOnlyList<SidedJudgement> judgements)
    {
        var said = judgements.SelectMany(j => new[] { (j.Line.Item, IsFirst: !j.IsSwapped, Safe: j.Line.SafeA), (j.Line.Item, IsFirst: j.IsSwapped, Safe: j.Line.SafeB) })
            .Where(s => s.Safe is not null).Select(s => (s.Item, s.IsFirst, Safe: s.Safe!.Value)).ToList();
        if (said.Count == 0) return null;
        var sides = said.GroupBy(s => (s.Item, s.IsFirst)).Select(g => g.CountBy(s => s.Safe).Select(c => c.Value).ToList()).ToList();
        return new(
            Enum.GetValues<Safety>().ToDictionary(s => s.Text(), s => said.Count(x => x.Safe == s)),
            sides.Sum(s => s.Sum() * (s.Sum() - 1) / 2), sides.Sum(s => s.Sum(n => n * (n - 1) / 2)),
            judgements.Count(j => (j.Line.Choice.Side(), j.Line.SafeA, j.Line.SafeB) is (Side.A, Safety.Unsafe, Safety.Safe) or (Side.B, Safety.Safe, Safety.Unsafe)));
    }
}
