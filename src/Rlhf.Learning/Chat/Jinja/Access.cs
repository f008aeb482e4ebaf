namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Members, items and slices of values; what does not exist is undefined, and what is undefined has none of them.</summary>
static class Access
{
    /// <summary>value.name: methods first, then items.</summary>
    internal static object? Member(Rendering rendering, object? value, string name) => value switch
    {
        Undefined undefined => throw rendering.Error($"'{name}' is asked of '{undefined.Name}', which is undefined"),
        Namespace space => space.Attributes.TryGetValue(name, out var attribute) ? attribute : new Undefined(name),
        LoopState loop => loop.Get(rendering, name),
        not null when Methods.Of(value)?.GetValueOrDefault(name) is { } method => new BoundMethod(value, method),
        Mapping mapping => mapping.TryGet(rendering, MarkedText.OfTemplate(name), out var item) ? item : new Undefined(name),
        _ => new Undefined(name),
    };

    /// <summary>value[key]: items first, then methods.</summary>
    internal static object? Item(Rendering rendering, object? value, object? key)
    {
        if (value is Mapping mapping && mapping.TryGet(rendering, key, out var item))
            return item;
        if (Value.Number(key) is long index && value is MarkedText or Sequence { IsSubscriptable: true })
            return At(rendering, value, index);
        if (key is MarkedText { Value: var name })
            return value is Mapping && !Methods.Mapping.ContainsKey(name) ? new Undefined(name) : Member(rendering, value, name);
        return value is Undefined ? Member(rendering, value, "an item") : new Undefined(Value.Kind(key));
    }

    static object? At(Rendering rendering, object? value, long index)
    {
        var count = Value.Length(rendering, value);
        var at = index < 0 ? index + count : index;
        if (at < 0 || at >= count)
            return new Undefined($"item {index}");
        if (value is Sequence sequence)
            return sequence.Items[(int)at];
        var text = (MarkedText)value!;
        return text.CharacterAt(count == text.Length ? (int)at : text.CharacterStarts()[at]);
    }

    internal static object? Slice(Rendering rendering, object? value, object? start, object? stop, object? step)
    {
        var by = Bound(rendering, step) ?? 1;
        if (by == 0)
            throw rendering.Error("a slice's step is zero");
        if (value is MarkedText text)
        {
            rendering.Spend(text.Length);
            var starts = text.CharacterStarts();
            var (first, end) = Bounds(rendering, starts.Length, start, stop, by);
            if (by == 1)
                return first < end ? text[starts[first]..(end < starts.Length ? starts[end] : text.Length)] : MarkedText.Empty;
            var slice = new MarkedText.Builder(rendering);
            foreach (var at in Places(first, end, by))
                slice.Append(text.CharacterAt(starts[at]));
            return slice.Build();
        }
        if (value is not Sequence { IsSubscriptable: true } sequence)
            throw rendering.Error($"{Value.Kind(value)} cannot be sliced; supported are strings, lists and tuples");
        rendering.Spend(sequence.Items.Count);
        var (from, to) = Bounds(rendering, sequence.Items.Count, start, stop, by);
        return new Sequence([.. Places(from, to, by).Select(at => sequence.Items[at])], sequence.Kind);
    }

    static long? Bound(Rendering rendering, object? bound) => Value.Number(bound) switch
    {
        null => null,
        long number => number,
        _ => throw rendering.Error($"a slice goes from integer to integer, not to {Value.Kind(bound)}"),
    };

    static (int First, int End) Bounds(Rendering rendering, int count, object? start, object? stop, long step)
    {
        var (lowest, highest) = step > 0 ? (0L, count) : (-1L, count - 1L);
        long Clamp(long bound) => Math.Clamp(bound < 0 ? bound + count : bound, lowest, highest);

        var first = Bound(rendering, start) is { } from ? Clamp(from) : step > 0 ? lowest : highest;
        var end = Bound(rendering, stop) is { } to ? Clamp(to) : step > 0 ? highest : lowest;
        return ((int)first, (int)end);
    }

    static IEnumerable<int> Places(int first, int end, long step)
    {
        for (long at = first; step > 0 ? at < end : at > end; at += Math.Clamp(step, -int.MaxValue, int.MaxValue))
            yield return (int)at;
    }
}
