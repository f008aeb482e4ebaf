namespace Rlhf.Learning.Tokenizers;

/// <summary>A stretch of text: one added token, or what is to be encoded.</summary>
readonly record struct Stretch(int Start, int End, AddedToken? Token = null);

/// <summary>Divides a text at the added tokens that it spells.</summary>
sealed class AddedTokenSplitter
{
    readonly (AddedTokenFinder Plain, AddedTokenFinder All)[] _passes;

    internal AddedTokenSplitter(IReadOnlyCollection<AddedToken> tokens) =>
        _passes = [Finders(tokens.Where(t => !t.Late)), Finders(tokens.Where(t => t.Late))];

    /// <summary>Stretches of the text in order; only trusted parts spell tokens that are not plain.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="parts">Ends of the parts in order, the last the text's.</param>
    internal List<Stretch> Split(string text, IReadOnlyList<(int End, bool Trusted)> parts)
    {
        List<Stretch> stretches = [new(0, text.Length)];
        foreach (var (plain, all) in _passes)
        {
            List<Stretch> divided = [];
            foreach (var stretch in stretches)
                if (stretch.Token is null)
                    Divide(text, stretch, parts, plain, all, divided);
                else
                    divided.Add(stretch);
            stretches = divided;
        }
        return stretches;
    }

    static (AddedTokenFinder Plain, AddedTokenFinder All) Finders(IEnumerable<AddedToken> tokens) =>
        (new(tokens.Where(t => t.Plain)), new(tokens));

    static void Divide(
        string text, Stretch stretch, IReadOnlyList<(int End, bool Trusted)> parts, AddedTokenFinder plain, AddedTokenFinder all,
        List<Stretch> divided)
    {
        var (done, from) = (stretch.Start, stretch.Start);
        foreach (var (partEnd, trusted) in parts)
        {
            var end = Math.Min(partEnd, stretch.End);
            while (from < end && (trusted ? all : plain).Next(text.AsSpan(from..end)) is var (offset, token))
            {
                var (start, stop) = (from + offset, from + offset + token.Text.Length);
                while (token.StripsLeft && start > done && char.IsWhiteSpace(text[start - 1]))
                    start--;
                while (token.StripsRight && stop < stretch.End && char.IsWhiteSpace(text[stop]))
                    stop++;
                if (start > done)
                    divided.Add(new(done, start));
                divided.Add(new(start, stop, token));
                (done, from) = (stop, stop);
            }
            from = Math.Max(from, end);
        }
        if (stretch.End > done)
            divided.Add(new(done, stretch.End));
    }
}
