using System.Globalization;
using System.Text.RegularExpressions;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The functions that every template sees.</summary>
static partial class Functions
{
    internal static readonly IReadOnlyDictionary<string, Callable> All = Methods.Table(
        new("range", ["start", "stop", "step"], Range, Required: 1),
        new("namespace", [], NewNamespace, IsOpen: true),
        new("dict", [], NewMapping, IsOpen: true),
        new("raise_exception", ["message"], (run, _, arguments) => throw run.Refusal(Repr.Text(run, arguments.First).Value), Required: 1),
        new("strftime_now", ["format"], Today, Required: 1));

    static Sequence Range(Rendering run, object? subject, Arguments arguments)
    {
        var numbers = arguments.Positional.Select(number => Methods.Count(run, number, "range")).ToArray();
        var (start, stop, step) = numbers is [var only] ? (0, only, 1) : (numbers[0], numbers[1], numbers.Length > 2 ? numbers[2] : 1);
        if (step == 0)
            throw run.Error("'range' takes a step other than zero");
        var count = Int128.Max(0, step > 0 ? ((Int128)stop - start + step - 1) / step : ((Int128)start - stop - step - 1) / -(Int128)step);
        if (count > Rendering.MaxRange)
            throw run.Error($"'range' gives {count} numbers; supported are up to {Rendering.MaxRange}");
        run.Spend((long)count);
        return new([.. Enumerable.Range(0, (int)count).Select(place => (object?)(start + place * step))], SequenceKind.Range);
    }

    static Namespace NewNamespace(Rendering run, object? subject, Arguments arguments)
    {
        var space = new Namespace();
        foreach (var (key, value) in NewMapping(run, subject, arguments).Pairs)
            space.Attributes[Methods.Text(run, key, "namespace").Value] = value;
        return space;
    }

    static Mapping NewMapping(Rendering run, object? subject, Arguments arguments)
    {
        var mapping = new Mapping();
        if (arguments.Positional.Count > 1 || arguments.Positional.Any(value => value is not Mapping))
            throw run.Error("'dict' and 'namespace' take one mapping at most, and named values");
        foreach (var (key, value) in arguments.Positional.Cast<Mapping>().SelectMany(given => given.Pairs))
            mapping.Set(run, key, value);
        foreach (var (name, value) in arguments.Named)
            mapping.Set(run, MarkedText.OfTemplate(name), value);
        run.Spend(mapping.Count);
        return mapping;
    }

    static MarkedText Today(Rendering run, object? subject, Arguments arguments)
    {
        if (run.Today is not { } today)
            throw run.Error("'strftime_now' asks for today's date, and none is given to the rendering");
        var format = Methods.Text(run, arguments.First, "strftime_now");
        return MarkedText.OfTemplate(Directive().Replace(format.Value, match => match.Value switch
        {
            "%Y" or "%m" or "%d" or "%B" or "%b" or "%A" or "%a" or "%y" => today.ToString(match.Value switch
            {
                "%Y" => "yyyy",
                "%m" => "MM",
                "%d" => "dd",
                "%B" => "MMMM",
                "%b" => "MMM",
                "%A" => "dddd",
                "%a" => "ddd",
                _ => "yy",
            }, CultureInfo.InvariantCulture),
            "%-d" => today.Day.ToString(CultureInfo.InvariantCulture),
            "%-m" => today.Month.ToString(CultureInfo.InvariantCulture),
            "%j" => today.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
            "%%" => "%",
            var other => throw run.Error($"'strftime_now' does not support '{other}'; supported are %Y, %y, %m, %-m, %B, %b, %d, %-d, %A, %a, %j and %%"),
        }));
    }

    [GeneratedRegex("%-?.?", RegexOptions.Singleline)]
    private static partial Regex Directive();
}
