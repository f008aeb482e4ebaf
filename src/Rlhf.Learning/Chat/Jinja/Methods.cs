namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The methods of strings and mappings.</summary>
static class Methods
{
    internal static readonly IReadOnlyDictionary<string, Callable> String = Table(
        new("strip", ["chars"], (run, text, arguments) => Trim(run, text, arguments, left: true, right: true)),
        new("lstrip", ["chars"], (run, text, arguments) => Trim(run, text, arguments, left: true, right: false)),
        new("rstrip", ["chars"], (run, text, arguments) => Trim(run, text, arguments, left: false, right: true)),
        new("split", ["sep", "maxsplit"], Split),
        new("splitlines", [], (run, text, _) => new Sequence(TextOperations.Lines(run, (MarkedText)text!))),
        new("startswith", ["prefix"], (run, text, arguments) =>
            Parts(run, arguments, "startswith").Any(part => ((MarkedText)text!).Value.StartsWith(part, StringComparison.Ordinal)), Required: 1),
        new("endswith", ["suffix"], (run, text, arguments) =>
            Parts(run, arguments, "endswith").Any(part => ((MarkedText)text!).Value.EndsWith(part, StringComparison.Ordinal)), Required: 1),
        new("upper", [], (run, text, _) => TextOperations.Upper(run, (MarkedText)text!)),
        new("lower", [], (run, text, _) => TextOperations.Lower(run, (MarkedText)text!)),
        new("title", [], (run, text, _) => TextOperations.Title(run, (MarkedText)text!)),
        new("capitalize", [], (run, text, _) => TextOperations.Capitalize(run, (MarkedText)text!)),
        new("replace", ["old", "new", "count"], (run, text, arguments) => TextOperations.Replace(run, (MarkedText)text!,
            Text(run, arguments.Get(0, "old"), "replace"), Text(run, arguments.Get(1, "new"), "replace"),
            Count(run, arguments.Get(2, "count", -1L), "replace")), Required: 2),
        new("join", ["iterable"], Join, Required: 1));

    internal static readonly IReadOnlyDictionary<string, Callable> Mapping = Table(
        new("get", ["key", "default"], (run, mapping, arguments) =>
            ((Mapping)mapping!).Find(run, arguments.Get(0, "key"), out var value) ? value : arguments.Get(1, "default"), Required: 1),
        new("items", [], (run, mapping, _) => View(run, mapping, pair => new Sequence([pair.Key, pair.Value], SequenceKind.Tuple))),
        new("keys", [], (run, mapping, _) => View(run, mapping, pair => pair.Key)),
        new("values", [], (run, mapping, _) => View(run, mapping, pair => pair.Value)));

    internal static IReadOnlyDictionary<string, Callable>? Of(object value) => value is MarkedText ? String : value is Jinja.Mapping ? Mapping : null;

    internal static IEnumerable<string> Names => String.Keys.Union(Mapping.Keys).Order(StringComparer.Ordinal);

    internal static Dictionary<string, Callable> Table(params Callable[] callables) => callables.ToDictionary(callable => callable.Name);

    internal static MarkedText Text(Rendering run, object? value, string user) =>
        value as MarkedText ?? throw run.Error($"'{user}' takes strings, not {Value.Kind(value)}");

    internal static long Count(Rendering run, object? value, string user) => Value.Number(value) switch
    {
        long count => count,
        null => -1,
        _ => throw run.Error($"'{user}' takes an integer, not {Value.Kind(value)}"),
    };

    static MarkedText Trim(Rendering run, object? text, Arguments arguments, bool left, bool right)
    {
        var characters = arguments.Get(0, "chars") is { } given ? Text(run, given, "strip").Value : null;
        if (characters?.Any(char.IsSurrogate) is true)
            throw run.Error("'strip' of characters outside the basic plane is not supported");
        run.Spend((long)((MarkedText)text!).Length * (1 + (characters?.Length ?? 0) / 16));
        return ((MarkedText)text).Trim(left, right, characters);
    }

    static Sequence Split(Rendering run, object? text, Arguments arguments)
    {
        var separator = arguments.Get(0, "sep") is { } given ? Text(run, given, "split") : null;
        return TextOperations.Split(run, (MarkedText)text!, separator, Count(run, arguments.Get(1, "maxsplit", -1L), "split"));
    }

    static IEnumerable<string> Parts(Rendering run, Arguments arguments, string user)
    {
        IReadOnlyList<object?> parts = arguments.First is Sequence { Kind: SequenceKind.Tuple } several ? several.Items : [arguments.First];
        foreach (var part in parts)
        {
            run.Spend(1 + Text(run, part, user).Length / 16);
            yield return Text(run, part, user).Value;
        }
    }

    static MarkedText Join(Rendering run, object? text, Arguments arguments)
    {
        var items = Value.Items(run, arguments.First);
        foreach (var item in items)
            Text(run, item, "join");
        return TextOperations.Join(run, items, (MarkedText)text!);
    }

    static Sequence View(Rendering run, object? mapping, Func<(object? Key, object? Value), object?> part)
    {
        run.Spend(((Mapping)mapping!).Count);
        return new([.. ((Mapping)mapping).Pairs.Select(part)], SequenceKind.View);
    }
}
