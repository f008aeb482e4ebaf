using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Labeling;

/// <summary>A judgement whose sides are in the item's one order.</summary>
/// <param name="Line">As the file has it.</param>
/// <param name="IsSwapped">True where the line has the sides in the other order.</param>
sealed record SidedJudgement(JudgementLine Line, bool IsSwapped)
{
    /// <summary>The three categories that agreement is about.</summary>
    public const int Categories = 3;

    static readonly string[] Names = ["a", "tie", "b"];

    /// <summary>3, the item's first side is much better, to −3.</summary>
    public int Strength => (IsSwapped ? Line.Choice.Swapped() : Line.Choice).SignedStrength();

    /// <summary>0 the item's first side, 1 neither, 2 the second.</summary>
    public int Category => 1 - Math.Sign(Strength);

    /// <summary>A category in the sides of this line.</summary>
    public string NameHere(int category) => Names[IsSwapped ? Categories - 1 - category : category];

    /// <summary>
    /// All judgements of an axis. Where the writers of the sides are known and differ, the first side is the one whose writer's name comes first; otherwise it
    /// is that of the item's first line.
    /// </summary>
    public static IReadOnlyList<SidedJudgement> Of(IEnumerable<JudgementLine> lines)
    {
        var all = lines.ToList();
        var references = all.GroupBy(l => l.Item).ToDictionary(g => g.Key, g => Ordered(g.FirstOrDefault(HasWriters) ?? g.First()));
        return [.. all.Select(l => new SidedJudgement(l, IsOther(l, references[l.Item])))];
    }

    static JudgementLine Ordered(JudgementLine line) => HasWriters(line) && IsAfter(line.SourceA!, line.SourceB!) ? line.Swapped() : line;

    static bool IsOther(JudgementLine line, JudgementLine reference)
    {
        if (HasWriters(line)) return IsAfter(line.SourceA!, line.SourceB!);
        return line.CompletionA != reference.CompletionA && line.CompletionA != line.CompletionB;
    }

    static bool HasWriters(JudgementLine line) => line.SourceA is not null && line.SourceB is not null && line.SourceA != line.SourceB;

    static bool IsAfter(string first, string second) => string.CompareOrdinal(first, second) > 0;
}
