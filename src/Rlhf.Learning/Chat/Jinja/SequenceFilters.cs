namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The filters of lists and mappings.</summary>
static class SequenceFilters
{
    internal static readonly IReadOnlyList<Callable> All =
    [
        new("join", ["d", "attribute"], Join),
        new("first", [], (run, value, _) => Value.Items(run, value) is [var first, ..] ? first : new Undefined("first")),
        new("last", [], (run, value, _) => Value.Items(run, value) is [.., var last] ? last : new Undefined("last")),
        new("list", [], (run, value, _) => new Sequence(Value.Items(run, value))),
        new("reverse", [], Reverse),
        new("items", [], (run, value, _) => value is Undefined ? Iterator([]) : Iterator([.. Pairs(run, value, "items")])),
        new("dictsort", ["case_sensitive", "by", "reverse"], SortedPairs),
        new("sort", ["reverse", "case_sensitive", "attribute"], Sort),
        new("unique", ["case_sensitive", "attribute"], Unique),
        new("map", [], Map, IsOpen: true),
        new("select", [], (run, value, arguments) => Choose(run, value, arguments, byAttribute: false, keep: true), IsOpen: true),
        new("reject", [], (run, value, arguments) => Choose(run, value, arguments, byAttribute: false, keep: false), IsOpen: true),
        new("selectattr", [], (run, value, arguments) => Choose(run, value, arguments, byAttribute: true, keep: true), IsOpen: true),
        new("rejectattr", [], (run, value, arguments) => Choose(run, value, arguments, byAttribute: true, keep: false), IsOpen: true),
    ];

    static Sequence Iterator(IReadOnlyList<object?> items) => new(items, SequenceKind.Iterator);

    static MarkedText Join(Rendering run, object? value, Arguments arguments)
    {
        var items = Value.Items(run, value);
        if (arguments.Get(1, "attribute") is { } attribute)
            items = [.. items.Select(item => Attribute(run, item, attribute))];
        return TextOperations.Join(run, items, Repr.Text(run, arguments.Get(0, "d", MarkedText.Empty)));
    }

    static object Reverse(Rendering run, object? value, Arguments arguments)
    {
        if (value is MarkedText)
            return Access.Slice(run, value, null, null, -1L)!;
        return Iterator([.. Value.Items(run, value).Reverse()]);
    }

    static IEnumerable<Sequence> Pairs(Rendering run, object? value, string user)
    {
        if (value is not Mapping mapping)
            throw run.Error($"'{user}' takes a mapping, not {Value.Kind(value)}");
        run.Spend(mapping.Count);
        return mapping.Pairs.Select(pair => new Sequence([pair.Key, pair.Value], SequenceKind.Tuple));
    }

    static Sequence SortedPairs(Rendering run, object? value, Arguments arguments)
    {
        var by = arguments.Get(1, "by", MarkedText.OfTemplate("key")) is MarkedText { Value: "key" or "value" } name
            ? name.Value == "key" ? 0 : 1
            : throw run.Error("'dictsort' sorts by 'key' or 'value'");
        var caseSensitive = Value.IsTrue(arguments.Get(0, "case_sensitive"));
        return Sorted(run, [.. Pairs(run, value, "dictsort")], item => Key(run, ((Sequence)item!).Items[by], caseSensitive), Value.IsTrue(arguments.Get(2, "reverse")));
    }

    static Sequence Sort(Rendering run, object? value, Arguments arguments)
    {
        var (caseSensitive, attribute) = (Value.IsTrue(arguments.Get(1, "case_sensitive")), arguments.Get(2, "attribute"));
        return Sorted(run, Value.Items(run, value), item => Key(run, Attribute(run, item, attribute), caseSensitive), Value.IsTrue(arguments.Get(0, "reverse")));
    }

    static Sequence Sorted(Rendering run, IReadOnlyList<object?> items, Func<object?, object?> key, bool descending) =>
        new([.. Value.Sorted(run, items, key, descending)]);

    static Sequence Unique(Rendering run, object? value, Arguments arguments)
    {
        var (caseSensitive, attribute) = (Value.IsTrue(arguments.Get(0, "case_sensitive")), arguments.Get(1, "attribute"));
        var (seen, kept) = (new Mapping(), new List<object?>());
        foreach (var item in Value.Items(run, value))
            if (Key(run, Attribute(run, item, attribute), caseSensitive) is var key && !seen.TryGet(run, key, out _))
            {
                seen.Set(run, key, null);
                kept.Add(item);
            }
        return Iterator(kept);
    }

    static object? Key(Rendering run, object? value, bool caseSensitive) =>
        value is MarkedText text && !caseSensitive ? TextOperations.Lower(run, text) : value;

    static Sequence Map(Rendering run, object? value, Arguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.TryGetValue("attribute", out var attribute))
            return Iterator([.. Value.Items(run, value).Select(item => Attribute(run, item, attribute) is var found && found is Undefined
                ? arguments.Named.GetValueOrDefault("default", found)
                : found)]);
        var filter = Named(run, Filters.All, arguments, 0, "filter");
        var rest = Checked(run, filter, arguments.Skip(1));
        return Iterator([.. Value.Items(run, value).Select(item => filter.Body(run, item, rest))]);
    }

    static Sequence Choose(Rendering run, object? value, Arguments arguments, bool byAttribute, bool keep)
    {
        if (byAttribute && arguments.Positional.Count == 0)
            throw run.Error("'selectattr' and 'rejectattr' need the name of an attribute");
        var attribute = byAttribute ? arguments.Positional[0] : null;
        var rest = byAttribute ? arguments.Skip(1) : arguments;
        var test = rest.Positional.Count == 0 ? null : Named(run, Predicates.All, rest, 0, "test");
        var restOfTest = test is null ? rest : Checked(run, test, rest.Skip(1));
        return Iterator([.. Value.Items(run, value).Where(item =>
        {
            var part = Attribute(run, item, attribute);
            return keep == (test is null ? Value.IsTrue(part) : Value.IsTrue(test.Body(run, part, restOfTest)));
        })]);
    }

    static Callable Named(Rendering run, IReadOnlyDictionary<string, Callable> table, Arguments arguments, int place, string kind) =>
        place < arguments.Positional.Count && arguments.Positional[place] is MarkedText name && table.TryGetValue(name.Value, out var found)
            ? found
            : throw run.Error($"a {kind} by the name of {Value.Kind(arguments.Get(place, ""))} is not supported; supported are {string.Join(", ", table.Keys)}");

    static Arguments Checked(Rendering run, Callable callable, Arguments arguments) =>
        callable.Misuse(arguments.Positional.Count, arguments.Named.Keys) is { } misuse ? throw run.Error(misuse) : arguments;

    /// <summary>An item's attribute by name, by place, or by a path with dots; no attribute is the item itself.</summary>
    static object? Attribute(Rendering run, object? item, object? attribute)
    {
        run.Spend(1);
        if (attribute is not MarkedText path)
            return attribute is null ? item : Access.Item(run, item, attribute);
        foreach (var name in path.Value.Split('.'))
            item = Access.Item(run, item, long.TryParse(name, out var place) ? place : MarkedText.OfTemplate(name));
        return item;
    }
}
