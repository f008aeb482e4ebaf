namespace Rlhf.Simulation.Gold;

/// <summary>What the prompt opened (lost, broke, hungry …) is resolved by the matching act, on the same object.</summary>
internal static class Resolution
{
    const double Act = 0.6, SameObject = 0.4, Meant = 0.3;

    /// <summary>
    /// The best sentence counts: 0.6 for the act, and with it 0.4 for the same object, 0.3 where a pronoun may mean it. 0.5 where the prompt
    /// opens nothing.
    /// </summary>
    public static double Measure(GoldText prompt, GoldText story)
    {
        var (opened, thing) = Opened(prompt);
        if (opened == StoryEvents.None) return 0.5;
        var best = 0.0;
        foreach (var sentence in story.Sentences)
        {
            for (var i = sentence.First; i < sentence.First + sentence.Count; i++)
            {
                if ((story.Words[i].Info.Resolves & opened) == 0 || story.Denied(i)) continue;
                best = Math.Max(best, Act + (thing is null ? SameObject : ObjectOf(story, sentence, thing.Value)));
            }
        }
        return best;
    }

    static double ObjectOf(GoldText story, GoldSentence sentence, ulong thing)
    {
        var meant = 0.0;
        for (var i = sentence.First; i < sentence.First + sentence.Count; i++)
        {
            if (story.Words[i].Hash == thing) return SameObject;
            if (story.Words[i].Info.Is(WordRole.It)) meant = Meant;
        }
        return meant;
    }

    // Sadness is what most events bring; it is the event only where nothing else is.
    static (StoryEvents Kind, ulong? Thing) Opened(GoldText prompt)
    {
        var at = Find(prompt, w => (w.Opens & ~StoryEvents.Sad) != 0);
        if (at < 0) at = Find(prompt, w => w.Opens != 0);
        if (at < 0) return (StoryEvents.None, null);
        var opens = prompt.Words[at].Info.Opens;
        var thing = ThingNear(prompt, at);
        return ((opens & ~StoryEvents.Sad) is var specific && specific != 0 ? specific : opens, thing < 0 ? null : prompt.Words[thing].Hash);
    }

    static int Find(GoldText prompt, Func<WordInfo, bool> which)
    {
        for (var i = 0; i < prompt.Words.Count; i++)
        {
            if (which(prompt.Words[i].Info) && !prompt.Denied(i)) return i;
        }
        return -1;
    }

    // The first thing after the word that opens the event, or the last before it, in its sentence.
    static int ThingNear(GoldText prompt, int at)
    {
        var sentence = prompt.Sentences[prompt.Words[at].Sentence];
        for (var i = at + 1; i < sentence.First + sentence.Count; i++)
        {
            if (prompt.Words[i].Info.Is(WordRole.Thing)) return i;
        }
        for (var i = at - 1; i >= sentence.First; i--)
        {
            if (prompt.Words[i].Info.Is(WordRole.Thing)) return i;
        }
        return -1;
    }
}
