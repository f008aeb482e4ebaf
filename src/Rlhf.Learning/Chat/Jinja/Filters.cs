using System.Globalization;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The filters, which stand after "|".</summary>
static class Filters
{
    internal static readonly IReadOnlyDictionary<string, Callable> All = Methods.Table([
        new("trim", ["chars"], (run, value, arguments) => Methods.String["strip"].Body(run, Repr.Text(run, value), arguments)),
        new("upper", [], (run, value, _) => TextOperations.Upper(run, Repr.Text(run, value))),
        new("lower", [], (run, value, _) => TextOperations.Lower(run, Repr.Text(run, value))),
        new("title", [], (run, value, _) => TextOperations.TitleFilter(run, Repr.Text(run, value))),
        new("capitalize", [], (run, value, _) => TextOperations.Capitalize(run, Repr.Text(run, value))),
        new("string", [], (run, value, _) => Repr.Text(run, value)),
        new("safe", [], (run, value, _) => new SafeText(Repr.Text(run, value is SafeText safe ? safe.Text : value))),
        new("replace", ["old", "new", "count"], Replace, Required: 2),
        new("indent", ["width", "first", "blank"], Indent),
        new("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
        new("length", [], (run, value, _) => Value.Length(run, value)),
        new("count", [], (run, value, _) => Value.Length(run, value)),
        new("default", ["default_value", "boolean"], Default),
        new("d", ["default_value", "boolean"], Default),
        new("int", ["default"], (run, value, arguments) => Int(run, value) ?? arguments.Get(0, "default", 0L)),
        new("float", ["default"], (run, value, arguments) => Float(run, value) ?? arguments.Get(0, "default", 0.0)),
        new("abs", [], (run, value, _) => Absolute(run, value)),
        new("round", ["precision", "method"], Round),
        .. SequenceFilters.All,
    ]);

    static object? Default(Rendering run, object? value, Arguments arguments) =>
        value is Undefined || Value.IsTrue(arguments.Get(1, "boolean", false)) && !Value.IsTrue(value)
            ? arguments.Get(0, "default_value", MarkedText.Empty)
            : value;

    static MarkedText Replace(Rendering run, object? value, Arguments arguments) => TextOperations.Replace(
        run, Repr.Text(run, value), Repr.Text(run, arguments.Get(0, "old")), Repr.Text(run, arguments.Get(1, "new")),
        Methods.Count(run, arguments.Get(2, "count"), "replace"));

    static MarkedText Indent(Rendering run, object? value, Arguments arguments)
    {
        var width = arguments.Get(0, "width", 4L);
        var by = width as MarkedText ?? TextOperations.Repeat(run, MarkedText.OfTemplate(" "), Methods.Count(run, width, "indent"));
        return TextOperations.Indent(
            run, Methods.Text(run, value, "indent"), by, Value.IsTrue(arguments.Get(1, "first")), Value.IsTrue(arguments.Get(2, "blank")));
    }

    static MarkedText ToJson(Rendering run, object? value, Arguments arguments)
    {
        var width = arguments.Get(1, "indent");
        var indent = width is null ? null : width is MarkedText text
            ? text.Value
            : TextOperations.Repeat(run, MarkedText.OfTemplate(" "), Methods.Count(run, width, "tojson")).Value;
        var (item, key) = arguments.Get(2, "separators") switch
        {
            null => (indent is null ? ", " : ",", ": "),
            Sequence { IsSubscriptable: true, Items: [MarkedText first, MarkedText second] } => (first.Value, second.Value),
            var other => throw run.Error($"'tojson' takes two strings as separators, not {Value.Kind(other)}"),
        };
        return new Json(run, indent, item, key, Value.IsTrue(arguments.Get(3, "sort_keys")), Value.IsTrue(arguments.Get(0, "ensure_ascii"))).Write(value);
    }

    static object? Int(Rendering run, object? value)
    {
        if (value is MarkedText text && long.TryParse(text.Trim(true, true).Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return whole;
        return Value.Number(value) is long number ? number : Float(run, value) is { } real && Math.Abs(real) < 9e18 ? (long)real : null;
    }

    static double? Float(Rendering run, object? value)
    {
        if (value is Undefined undefined)
            throw run.Error($"'{undefined.Name}', which is undefined, is no number");
        if (value is not MarkedText text)
            return Value.IsNumber(value) ? Value.Float(value) : null;
        const NumberStyles styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text.Trim(true, true).Value, styles, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    static object Absolute(Rendering run, object? value) => Value.Number(value) switch
    {
        long number and > long.MinValue => (object)Math.Abs(number),
        double number => Math.Abs(number),
        _ => throw run.Error($"'abs' takes a number, not {Value.Kind(value)}"),
    };

    static object Round(Rendering run, object? value, Arguments arguments)
    {
        if (!Value.IsNumber(value))
            throw run.Error($"'round' takes a number, not {Value.Kind(value)}");
        var digits = Methods.Count(run, arguments.Get(0, "precision", 0L), "round");
        if (digits is < 0 or > 15)
            throw run.Error($"'round' takes a precision from 0 to 15, not {digits}");
        var method = arguments.Get(1, "method", MarkedText.OfTemplate("common")) is MarkedText name ? name.Value : "";
        if (method == "common")
            return Value.Number(value) is long whole ? (object)whole : Math.Round((double)value!, (int)digits, MidpointRounding.ToEven);
        var scaled = Value.Float(value) * Math.Pow(10, digits);
        return method switch
        {
            "ceil" => Math.Ceiling(scaled) / Math.Pow(10, digits),
            "floor" => Math.Floor(scaled) / Math.Pow(10, digits),
            _ => throw run.Error("'round' takes the methods common, ceil and floor"),
        };
    }
}
