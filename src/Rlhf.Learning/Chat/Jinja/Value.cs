namespace Rlhf.Learning.Chat.Jinja;

/// <summary>What Python's operators say about values.</summary>
static class Value
{
    internal static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Length > 0,
        SafeText safe => safe.Text.Length > 0,
        Sequence sequence => sequence.Length is not 0,
        Mapping mapping => mapping.Count > 0,
        _ => true,
    };

    internal static string Kind(object? value) => value switch
    {
        null => "none",
        Undefined { Name: var name } => $"'{name}' (undefined)",
        bool => "a boolean",
        long => "an integer",
        double => "a float",
        MarkedText => "a string",
        SafeText => "a string made by 'safe', which can only be printed,",
        Sequence sequence => sequence.Kind switch
        {
            SequenceKind.List => "a list",
            SequenceKind.Tuple => "a tuple",
            SequenceKind.Range => "a range",
            _ => "an iterator",
        },
        Mapping => "a mapping",
        Namespace => "a namespace",
        _ => "something that is called",
    };

    internal static bool IsNumber(object? value) => value is bool or long or double;

    /// <summary>A number as an integer where it is one: True is 1.</summary>
    internal static object? Number(object? value) => value is bool flag ? flag ? 1L : 0L : value;

    internal static double Float(object? value) => Number(value) is long number ? number : (double)value!;

    internal static bool AreEqual(Rendering rendering, object? left, object? right)
    {
        rendering.Enter();
        var equal = (Number(left), Number(right)) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (long a, long b) => a == b,
            (long or double, long or double) => Float(left) == Float(right),
            (MarkedText a, MarkedText b) => a.Length == b.Length && SameText(rendering, a, b),
            (Sequence a, Sequence b) when a.Kind == b.Kind && a.IsSubscriptable => a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(rendering, pair.First, pair.Second)),
            (Mapping a, Mapping b) => a.Count == b.Count
                && a.Pairs.All(pair => b.TryGet(rendering, pair.Key, out var value) && AreEqual(rendering, pair.Value, value)),
            _ when left is SafeText || right is SafeText => throw rendering.Error("a string made by 'safe' can only be printed, not compared"),
            _ => ReferenceEquals(left, right),
        };
        rendering.Leave();
        return equal;
    }

    static bool SameText(Rendering rendering, MarkedText a, MarkedText b)
    {
        rendering.Spend(a.Length / 16);
        return a.Value == b.Value;
    }

    /// <summary>Less than zero, zero, or more: numbers by size, strings by their characters' code points.</summary>
    internal static int Compare(Rendering rendering, object? left, object? right)
    {
        rendering.Enter();
        var order = (Number(left), Number(right)) switch
        {
            (long a, long b) => a.CompareTo(b),
            (long or double, long or double) => Float(left).CompareTo(Float(right)),
            (MarkedText a, MarkedText b) => CompareText(rendering, a.Value, b.Value),
            (Sequence a, Sequence b) when a.Kind == b.Kind && a.Kind is SequenceKind.List or SequenceKind.Tuple => CompareItems(rendering, a.Items, b.Items),
            _ => throw rendering.Error($"{Kind(left)} and {Kind(right)} have no order"),
        };
        rendering.Leave();
        return order;
    }

    /// <summary>Items in the order of their keys, those of equal keys as they stood.</summary>
    internal static T[] Sorted<T>(Rendering rendering, IEnumerable<T> items, Func<T, object?> key, bool descending = false)
    {
        var order = Comparer<object?>.Create((a, b) => Compare(rendering, a, b));
        try
        {
            return [.. descending ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException wrapped) when (wrapped.InnerException is InvalidDataException refusal)
        {
            throw new InvalidDataException(refusal.Message, refusal); // which the runtime's sorting hides
        }
    }

    static int CompareItems(Rendering rendering, IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        for (var i = 0; i < a.Count && i < b.Count; i++)
            if (!AreEqual(rendering, a[i], b[i]))
                return Compare(rendering, a[i], b[i]);
        return a.Count.CompareTo(b.Count);
    }

    static int CompareText(Rendering rendering, string a, string b)
    {
        // Surrogates stand for the highest code points, though their own numbers are lower than some characters'.
        static int Rank(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;

        var common = a.AsSpan().CommonPrefixLength(b);
        rendering.Spend(common / 16);
        return common < a.Length && common < b.Length ? Rank(a[common]) - Rank(b[common]) : a.Length - b.Length;
    }

    internal static bool Contains(Rendering rendering, object? container, object? item) => container switch
    {
        MarkedText text when item is MarkedText part => IndexOf(rendering, text.Value, part.Value, 0) >= 0,
        MarkedText => throw rendering.Error($"{Kind(item)} is looked for in a string"),
        Mapping mapping => mapping.Find(rendering, item, out _),
        _ => Items(rendering, container).Any(other => AreEqual(rendering, other, item)),
    };

    /// <summary>Where a string stands in another from a place on, or -1; paid for as the search costs at its worst.</summary>
    internal static int IndexOf(Rendering rendering, string text, string part, int from)
    {
        var at = text.IndexOf(part, from, StringComparison.Ordinal);
        var seen = (at < 0 ? text.Length : at + part.Length) - from;
        rendering.Spend(1 + seen / 16 + (long)seen * part.Length / 1024);
        return at;
    }

    /// <summary>What a loop over a value meets: items, keys or characters.</summary>
    internal static IReadOnlyList<object?> Items(Rendering rendering, object? value)
    {
        IReadOnlyList<object?> items = value switch
        {
            Undefined => [],
            Sequence sequence => sequence.Items,
            Mapping mapping => [.. mapping.Pairs.Select(pair => pair.Key)],
            MarkedText text => Characters(rendering, text),
            _ => throw rendering.Error($"{Kind(value)} cannot be looped over"),
        };
        rendering.Spend(items.Count);
        return items;
    }

    static MarkedText[] Characters(Rendering rendering, MarkedText text)
    {
        rendering.Spend(16L * text.Length); // each becomes an object
        return [.. text.CharacterStarts().Select(text.CharacterAt)];
    }

    internal static long Length(Rendering rendering, object? value)
    {
        rendering.Spend(value is MarkedText { Length: var length } ? length / 4 : 1);
        return value switch
        {
            Undefined => 0,
            MarkedText text => text.CharacterCount,
            Sequence { Length: { } count } => count,
            Mapping mapping => mapping.Count,
            _ => throw rendering.Error($"{Kind(value)} has no length"),
        };
    }
}
