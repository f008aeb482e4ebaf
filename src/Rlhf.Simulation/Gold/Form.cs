namespace Rlhf.Simulation.Gold;

/// <summary>How a text is made: its ending, its sentences, its repetitions.</summary>
internal static class Form
{
    /// <summary>
    /// The last closed sentence: 0.8 with a word of joy, 1 with two, 0 with trouble, 0.4 with neither. Denied words do not count.
    /// </summary>
    public static double HappyEnding(GoldText story)
    {
        var last = story.Sentences[^1];
        if (!last.Closed && story.Sentences.Count > 1) last = story.Sentences[^2];
        var (joy, trouble) = (0, 0);
        for (var i = last.First; i < last.First + last.Count; i++)
        {
            if (story.Words[i].Info.Is(WordRole.Joy)) _ = story.Denied(i) ? trouble++ : joy++;
            else if (story.Words[i].Info.Is(WordRole.Trouble) && !story.Denied(i)) trouble++;
        }
        return trouble > 0 ? 0 : joy switch { 0 => 0.4, 1 => 0.8, _ => 1 };
    }

    /// <summary>
    /// Share of sentences of at least two words that are closed and do not end in a word such as "the"; the text's end counts once more.
    /// </summary>
    public static double Sentences(GoldText story)
    {
        var whole = story.Sentences.Count(s => s.Closed && s.Count >= 2 && !story.Words[s.First + s.Count - 1].Info.Is(WordRole.Open));
        return (whole + (story.Sentences[^1].Closed ? 1.0 : 0.0)) / (story.Sentences.Count + 1);
    }

    /// <summary>Share of distinct trigrams of words times share of distinct sentences.</summary>
    public static double NoRepetition(GoldText story)
    {
        var sentences = new HashSet<ulong>();
        foreach (var sentence in story.Sentences)
        {
            var hash = 0UL;
            for (var i = sentence.First; i < sentence.First + sentence.Count; i++) hash = hash * 31 + story.Words[i].Hash;
            sentences.Add(hash);
        }
        var distinct = (double)sentences.Count / story.Sentences.Count;
        if (story.Words.Count < 4) return distinct;
        var trigrams = new HashSet<ulong>();
        for (var i = 2; i < story.Words.Count; i++)
            trigrams.Add((story.Words[i - 2].Hash * 31 + story.Words[i - 1].Hash) * 31 + story.Words[i].Hash);
        return distinct * trigrams.Count / (story.Words.Count - 2);
    }
}
