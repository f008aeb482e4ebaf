namespace Rlhf.Steps.Labeling;

/// <summary>Judgements while their file is read: what was said before, and what an item is.</summary>
sealed class JudgementSet(string name)
{
    readonly List<JudgementLine> _lines = [];
    readonly HashSet<string> _said = [];
    readonly HashSet<(string Item, string Axis, string Labeler)> _judged = [];
    readonly Dictionary<string, JudgementLine> _items = [];
    int _repeated, _selfRepeated;

    public string Name => name;

    public JudgementFileContent Content => new(name, _lines, _repeated, _selfRepeated);

    /// <exception cref="InvalidDataException">The item is another one than in an earlier line.</exception>
    public void Add(JudgementLine line)
    {
        if (!_said.Add(line.ToText()))
        {
            _repeated++;
            return;
        }
        if (!_items.TryAdd(line.Item, line)) CheckSame(_items[line.Item], line);
        if (!_judged.Add((line.Item, line.Axis, line.Labeler))) _selfRepeated++;
        _lines.Add(line);
    }

    // A file of answers may leave out what was judged; then there is nothing to compare.
    static void CheckSame(JudgementLine first, JudgementLine line)
    {
        if (first.Prompt is not null && line.Prompt is not null && !first.Prompt.SequenceEqual(line.Prompt))
            throw new InvalidDataException($"'prompt' of item '{line.Item}' is another one than in line {first.Line}; expected one prompt for one item.");
        if (first.CompletionA is null || line.CompletionA is null || first.CompletionB is null || line.CompletionB is null) return;
        var (one, other) = ((first.CompletionA, first.CompletionB), (line.CompletionA, line.CompletionB));
        if (one != other && one != (other.CompletionB, other.CompletionA))
            throw new InvalidDataException($"the completions of item '{line.Item}' are others than in line {first.Line}; expected the same two, in either order.");
    }
}
