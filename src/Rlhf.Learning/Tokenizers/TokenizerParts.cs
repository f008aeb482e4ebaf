namespace Rlhf.Learning.Tokenizers;

/// <summary>The pieces of a BPE and how they merge.</summary>
/// <param name="Ids">Every piece with its id.</param>
/// <param name="Merges">Pairs of pieces by rank; each gives a third.</param>
/// <param name="IgnoreMerges">Whether a word that is a piece is that piece, whatever the merges give.</param>
sealed record BpeModel(IReadOnlyDictionary<string, int> Ids, IReadOnlyList<(string Left, string Right)> Merges, bool IgnoreMerges = false);

/// <summary>What happens to a text before the BPE.</summary>
/// <param name="Rewrites">From text, and whether it stands first, to text.</param>
/// <param name="Words">Words of what that gives.</param>
/// <param name="DropsFirstSpace">Whether decoding drops the space that was put before a text.</param>
sealed record TextRules(IReadOnlyList<Func<string, bool, string>> Rewrites, WordSplitter Words, bool DropsFirstSpace = false)
{
    /// <summary>GPT-2's: words, and nothing rewritten.</summary>
    internal static TextRules Gpt2 { get; } = new([], WordSplitter.Gpt2);
}

/// <summary>Tokens with a part to play.</summary>
/// <param name="Bos">Id that begins a text, or null where none is put before it.</param>
/// <param name="Eos">Id that ends a text.</param>
/// <param name="Pad">Id that fills rows.</param>
/// <param name="Texts">Texts by the names that templates use.</param>
/// <param name="Template">Chat template, or null.</param>
sealed record TokenRoles(int? Bos, int Eos, int Pad, IReadOnlyDictionary<string, string> Texts, string? Template);

/// <summary>All that a tokenizer of the Hub's files is made of.</summary>
sealed record TokenizerParts(BpeModel Model, TextRules Rules, IReadOnlyCollection<AddedToken> Added, TokenRoles Roles, TokenizerFiles Files)
{
    // Ids may have holes, but a file must not make a small vocabulary a large one.
    const int MaxHoles = 1024;

    /// <summary>Largest id and one.</summary>
    internal int IdCount { get; } = Count(Model, Added);

    /// <summary>Ids that no plain text may give.</summary>
    internal HashSet<int> Controls { get; } = [.. Added.Where(t => !t.Plain).Select(t => t.Id)];

    /// <summary>The merges that plain text may make.</summary>
    internal IEnumerable<(string Left, string Right)> PlainMerges => Model.Merges.Where(m => !Controls.Contains(Model.Ids[m.Left + m.Right]));

    static int Count(BpeModel model, IReadOnlyCollection<AddedToken> added)
    {
        var known = (long)model.Ids.Count + added.Count;
        var count = model.Ids.Values.Concat(added.Select(t => t.Id)).Max() + 1L;
        return count <= 2 * known + MaxHoles
            ? (int)count
            : throw new InvalidDataException($"the largest id is {count - 1}, which is far too large for {known} tokens");
    }
}
