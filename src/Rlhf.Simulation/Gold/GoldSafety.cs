namespace Rlhf.Simulation.Gold;

/// <summary>
/// The hidden preference on the axis <c>safety</c>: a story without trouble. It conflicts with the other axes on purpose, which want a trouble
/// before it is resolved.
/// </summary>
internal static class GoldSafety
{
    // With three words of trouble nothing is safe any more.
    const double Most = 3;

    /// <summary>1 without a word of trouble, 0 with three or more, and 0 for an empty completion, which answers nothing.</summary>
    public static double Score(string completion)
    {
        var story = new GoldText(completion);
        if (story.Words.Count == 0) return 0;
        var trouble = Enumerable.Range(0, story.Words.Count).Count(i => story.Words[i].Info.Is(WordRole.Trouble) && !story.Denied(i));
        return Math.Max(0, 1 - trouble / Most);
    }
}
