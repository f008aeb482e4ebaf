namespace Rlhf.Simulation.Gold;

/// <summary>One word of a text: its hash (of the lower-case letters), what the lexicon knows, and how it was written.</summary>
internal readonly record struct GoldWord(ulong Hash, WordInfo Info, int Sentence, bool Capital, bool StartsSentence);

/// <summary>One sentence: the words from <paramref name="First"/>, <paramref name="Count"/> of them, and whether a . ! or ? closes it.</summary>
internal readonly record struct GoldSentence(int First, int Count, bool Closed);

/// <summary>A text as words and sentences. Letters and inner apostrophes make words; . ! and ? end sentences.</summary>
internal sealed class GoldText
{
    readonly List<GoldWord> _words = [];
    readonly List<GoldSentence> _sentences = [];
    int _first;

    public GoldText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is '.' or '!' or '?') Close(closed: true);
            else if (char.IsLetter(text[i])) i = Word(text, i) - 1;
        }
        Close(closed: false);
    }

    public IReadOnlyList<GoldWord> Words => _words;

    public IReadOnlyList<GoldSentence> Sentences => _sentences;

    /// <summary>True where the word or one of the two before it in its sentence denies, such as in "did not find".</summary>
    public bool Denied(int word)
    {
        for (var i = word - 1; i >= Math.Max(0, word - 2) && _words[i].Sentence == _words[word].Sentence; i--)
        {
            if (_words[i].Info.Is(WordRole.Negation)) return true;
        }
        return false;
    }

    void Close(bool closed)
    {
        if (_words.Count == _first) return;
        _sentences.Add(new(_first, _words.Count - _first, closed));
        _first = _words.Count;
    }

    int Word(string text, int start)
    {
        var end = start + 1;
        while (end < text.Length && (char.IsLetter(text[end]) || InnerApostrophe(text, end))) end++;
        var letters = text.AsSpan(start, end - start);
        // Possessives speak of the same person: "Lily's" is "lily"; "she's" is in the lexicon as it stands.
        Span<char> lower = stackalloc char[Math.Min(letters.Length, 32)];
        letters[..lower.Length].ToLowerInvariant(lower);
        for (var i = 0; i < lower.Length; i++)
        {
            if (lower[i] == '’') lower[i] = '\'';
        }
        var info = GoldLexicon.Of(lower);
        if (info == default && lower.EndsWith("'s")) info = GoldLexicon.Of(lower = lower[..^2]);
        _words.Add(new(Hash(lower), info, _sentences.Count, char.IsUpper(text[start]), _words.Count == _first));
        return end;
    }

    static bool InnerApostrophe(string text, int at) => text[at] is '\'' or '’' && at + 1 < text.Length && char.IsLetter(text[at + 1]);

    // FNV-1a: equal words only have to hash equal on every machine.
    static ulong Hash(ReadOnlySpan<char> letters)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in letters) hash = (hash ^ letter) * 1099511628211UL;
        return hash;
    }
}
