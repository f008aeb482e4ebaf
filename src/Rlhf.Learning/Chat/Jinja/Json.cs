using System.Globalization;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The filter tojson as transformers sets it: Python's json.dumps with ensure_ascii=False.</summary>
sealed class Json(Rendering rendering, string? indent, string itemSeparator, string keySeparator, bool sortKeys, bool ensureAscii)
{
    readonly MarkedText.Builder _text = new(rendering);

    internal MarkedText Write(object? value)
    {
        Append(value, 0);
        return _text.Build();
    }

    void Append(object? value, int depth)
    {
        rendering.Enter();
        switch (value)
        {
            case null or bool:
                _text.Append(value is null ? "null" : (bool)value ? "true" : "false");
                break;
            case long:
                _text.Append(Repr.Scalar(value));
                break;
            case double number:
                _text.Append(double.IsFinite(number) ? Repr.Scalar(value) : double.IsNaN(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
                break;
            case MarkedText text:
                AppendString(text);
                break;
            case Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } list:
                AppendAll(list.Items, "[", "]", depth, item => Append(item, depth + 1));
                break;
            case Mapping mapping:
                AppendAll(Ordered(mapping), "{", "}", depth, pair =>
                {
                    AppendString(Key(pair.Key));
                    _text.Append(keySeparator);
                    Append(pair.Value, depth + 1);
                });
                break;
            default:
                throw rendering.Error($"{Value.Kind(value)} cannot be written as JSON");
        }
        rendering.Leave();
    }

    (object? Key, object? Value)[] Ordered(Mapping mapping) => sortKeys
        ? Value.Sorted(rendering, mapping.Pairs, pair => pair.Key)
        : [.. mapping.Pairs];

    static MarkedText Key(object? key) => key is MarkedText text ? text : MarkedText.OfTemplate(key switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        _ => Repr.Scalar(key),
    });

    void AppendAll<T>(IReadOnlyList<T> items, string open, string close, int depth, Action<T> append)
    {
        _text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _text.Append(itemSeparator);
            NewLine(depth + 1);
            append(items[i]);
        }
        if (items.Count > 0)
            NewLine(depth);
        _text.Append(close);
    }

    void NewLine(int depth)
    {
        if (indent is null)
            return;
        _text.Append("\n");
        for (var i = 0; i < depth; i++)
            _text.Append(indent);
    }

    void AppendString(MarkedText text)
    {
        _text.Append("\"");
        var from = 0;
        for (var i = 0; i < text.Length; i++)
            if (Escape(text.Value[i]) is { } escaped)
            {
                _text.Append(text[from..i]).Append(text[i..(i + 1)].Rewritten(escaped));
                from = i + 1;
            }
        _text.Append(text[from..text.Length]).Append("\"");
    }

    string? Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\b' => "\\b",
        '\f' => "\\f",
        < ' ' => Code(c),
        >= '\x7f' when ensureAscii => c == '\x7f' ? null : Code(c),
        _ => null,
    };

    static string Code(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
