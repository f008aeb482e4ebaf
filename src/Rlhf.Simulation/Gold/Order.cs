namespace Rlhf.Simulation.Gold;

/// <summary>
/// What has to come first comes first: trouble, then the act that helps, then joy; how things were, what happened, how it came out; "a cat",
/// then "the cat".
/// </summary>
internal static class Order
{
    /// <summary>Share of pairs in the right order among all pairs of words of two different ranks of one kind; without such pairs 0.5.</summary>
    public static double Measure(GoldText prompt, GoldText story)
    {
        var (right, wrong) = Mentions(prompt, story);
        Count(story, HelpRank, ref right, ref wrong);
        Count(story, TellingRank, ref right, ref wrong);
        return right + wrong == 0 ? 0.5 : (double)right / (right + wrong);
    }

    static void Count(GoldText story, Func<WordInfo, int> rankOf, ref int right, ref int wrong)
    {
        Span<int> seen = stackalloc int[3];
        for (var i = 0; i < story.Words.Count; i++)
        {
            // What is denied ("not sad", "not happy") is neither.
            if (rankOf(story.Words[i].Info) is var rank && (rank < 0 || story.Denied(i))) continue;
            for (var other = 0; other < seen.Length; other++)
            {
                if (other < rank) right += seen[other];
                else if (other > rank) wrong += seen[other];
            }
            seen[rank]++;
        }
    }

    // An act that may be a joy as well ("hugged") is the act.
    static int HelpRank(WordInfo info) =>
        (info.Resolves & ~(StoryEvents.Sad | StoryEvents.Sick)) != 0 ? 1 : info.Is(WordRole.Joy) ? 2 : info.Is(WordRole.Trouble) ? 0 : -1;

    static int TellingRank(WordInfo info) =>
        info.Is(WordRole.Setting) ? 0 : info.Is(WordRole.Turn) ? 1 : info.Is(WordRole.Outcome) ? 2 : -1;

    // Words that stand both after "a" and after "the" and are not the prompt's: which comes first?
    static (int Right, int Wrong) Mentions(GoldText prompt, GoldText story)
    {
        var first = new Dictionary<ulong, bool>();
        var both = new HashSet<ulong>();
        var right = 0;
        var last = WordRole.None;
        var since = 0;
        for (var i = 0; i < story.Words.Count; i++)
        {
            var word = story.Words[i];
            var article = word.Info.Roles & (WordRole.Indefinite | WordRole.Definite);
            if (article != 0) (last, since) = (article, i);
            else if (last != 0 && i - since <= 2 && word.Sentence == story.Words[since].Sentence && !word.Info.Is(WordRole.Common))
            {
                var indefinite = last == WordRole.Indefinite;
                if (!first.TryAdd(word.Hash, indefinite) && first[word.Hash] != indefinite && both.Add(word.Hash) && first[word.Hash]) right++;
            }
        }
        both.ExceptWith(prompt.Words.Select(w => w.Hash));
        return (Math.Min(right, both.Count), Math.Max(0, both.Count - right));
    }
}
