namespace Rlhf.Learning.Chat.Jinja;

// A value is null (None), bool, long, double, MarkedText or one of these.

/// <summary>What a name or an item is that does not exist; it prints as nothing.</summary>
sealed record Undefined(string Name);

enum SequenceKind { List, Tuple, Range, View, Iterator }

/// <summary>A list or what is looped over like one; an iterator is always true, has no length and can be looped over once.</summary>
sealed class Sequence(IReadOnlyList<object?> items, SequenceKind kind = SequenceKind.List)
{
    IReadOnlyList<object?> _items = items;

    internal SequenceKind Kind => kind;

    internal bool IsSubscriptable => kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    internal IReadOnlyList<object?> Items
    {
        get
        {
            var items = _items;
            if (kind == SequenceKind.Iterator)
                _items = [];
            return items;
        }
    }

    /// <summary>The number of items, which only an iterator does not tell.</summary>
    internal int? Length => kind == SequenceKind.Iterator ? null : _items.Count;
}

/// <summary>A mapping in the order of insertion; its keys are strings, numbers, booleans and none.</summary>
sealed class Mapping
{
    readonly OrderedDictionary<object, (object? Key, object? Value)> _pairs = [];

    internal int Count => _pairs.Count;

    internal IEnumerable<(object? Key, object? Value)> Pairs => _pairs.Values;

    internal void Set(Rendering rendering, object? key, object? value)
    {
        var id = Identity(rendering, key) ?? throw NoKey(rendering, key);
        _pairs[id] = (_pairs.TryGetValue(id, out var present) ? present.Key : key, value);
    }

    /// <summary>As TryGet, but what can be no key is an error.</summary>
    internal bool Find(Rendering rendering, object? key, out object? value) =>
        TryGet(rendering, key, out value) || (Identity(rendering, key) is null && key is not Undefined ? throw NoKey(rendering, key) : false);

    static InvalidDataException NoKey(Rendering rendering, object? key) =>
        rendering.Error($"{Value.Kind(key)} is no key of a mapping; supported are strings, numbers, booleans and none");

    internal bool TryGet(Rendering rendering, object? key, out object? value)
    {
        var found = Identity(rendering, key) is { } id && _pairs.TryGetValue(id, out var pair) ? pair : default((object?, object? Value)?);
        value = found?.Value;
        return found is not null;
    }

    /// <summary>What makes keys the same: 1, 1.0 and True are, as in Python.</summary>
    static object? Identity(Rendering rendering, object? key) => key switch
    {
        null => DBNull.Value,
        MarkedText text => Hashed(rendering, text),
        bool flag => flag ? 1L : 0L,
        long => key,
        double number => number == Math.Floor(number) && Math.Abs(number) < 1e15 ? (object)(long)number : number,
        _ => null,
    };

    static string Hashed(Rendering rendering, MarkedText text)
    {
        rendering.Spend(text.Length / 4);
        return text.Value;
    }
}

/// <summary>What the filter safe gives, which can only be printed: joined to a string, it would escape that string in Python.</summary>
sealed record SafeText(MarkedText Text);

/// <summary>The one kind of value that a template can change.</summary>
sealed class Namespace
{
    internal Dictionary<string, object?> Attributes { get; } = [];
}

/// <summary>The names that a part of the template sees: its own, then those around it.</summary>
sealed class Scope(Scope? around = null)
{
    readonly Dictionary<string, object?> _values = [];

    internal void Set(string name, object? value) => _values[name] = value;

    internal object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Around)
            if (scope._values.TryGetValue(name, out var value))
                return value;
        return new Undefined(name);
    }

    Scope? Around => around;
}

/// <summary>A macro, and the names that stood around its definition.</summary>
sealed record Macro(DefineMacro Definition, Scope Around);

/// <summary>A string's or mapping's method, taken but not yet called.</summary>
sealed record BoundMethod(object Subject, Callable Method);
