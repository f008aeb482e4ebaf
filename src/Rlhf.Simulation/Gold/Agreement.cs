namespace Rlhf.Simulation.Gold;

/// <summary>The same characters stay, and he and she go on meaning them.</summary>
internal static class Agreement
{
    const WordRole Pronoun = WordRole.She | WordRole.He, Person = WordRole.Female | WordRole.Male;

    /// <summary>
    /// Share of he and she words whose gender the prompt's people have, or somebody brought in before them ("her mom", "a boy named"; a bare
    /// new name brings in nobody). Without such words, or with both genders in the prompt: 0.5.
    /// </summary>
    public static double Pronouns(GoldText prompt, GoldText story)
    {
        var known = Genders(prompt);
        if (known == Pronoun) return 0.5;
        var (agree, all) = (0, 0);
        foreach (var word in story.Words)
        {
            if (word.Info.Is(Person) && !word.Info.Is(WordRole.Name)) known |= GenderOf(word.Info);
            if (!word.Info.Is(Pronoun)) continue;
            // A prompt that names nobody's gender leaves it to the first pronoun.
            if (known == WordRole.None) known = word.Info.Roles & Pronoun;
            if (word.Info.Is(known)) agree++;
            all++;
        }
        return all == 0 ? 0.5 : (double)agree / all;
    }

    /// <summary>Share of names that the prompt has, or that come with an introduction ("named Leo", "friend Leo"); without names 0.5.</summary>
    public static double Characters(GoldText prompt, GoldText story)
    {
        var known = new HashSet<ulong>();
        for (var i = 0; i < prompt.Words.Count; i++)
        {
            if (IsName(prompt, i)) known.Add(prompt.Words[i].Hash);
        }
        var nobody = known.Count == 0;
        var (kept, all) = (0, 0);
        for (var i = 0; i < story.Words.Count; i++)
        {
            if (!IsName(story, i)) continue;
            if (nobody || Introduced(story, i)) known.Add(story.Words[i].Hash);
            nobody = false;
            if (known.Contains(story.Words[i].Hash)) kept++;
            all++;
        }
        return all == 0 ? 0.5 : (double)kept / all;
    }

    static WordRole Genders(GoldText prompt)
    {
        var genders = WordRole.None;
        foreach (var word in prompt.Words)
        {
            if (word.Info.Is(Pronoun)) genders |= word.Info.Roles & Pronoun;
            else if (word.Info.Is(Person)) genders |= GenderOf(word.Info);
        }
        return genders;
    }

    static WordRole GenderOf(WordInfo info) =>
        (info.Is(WordRole.Female) ? WordRole.She : WordRole.None) | (info.Is(WordRole.Male) ? WordRole.He : WordRole.None);

    // A capital inside a sentence makes an unknown word a name; the first word of a sentence is one only if the lexicon says so.
    static bool IsName(GoldText text, int at)
    {
        var word = text.Words[at];
        return word.Capital && (word.Info.Is(WordRole.Name) || (!word.StartsSentence && word.Info == default && word.Hash != I));
    }

    static bool Introduced(GoldText story, int at) =>
        at > 0 && story.Words[at - 1].Sentence == story.Words[at].Sentence && story.Words[at - 1].Info.Is(WordRole.Introduces);

    static readonly ulong I = new GoldText("I").Words[0].Hash;
}
