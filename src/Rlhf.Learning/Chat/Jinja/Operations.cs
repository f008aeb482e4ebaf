namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The operators of arithmetic and comparison; integers have 64 bits.</summary>
static class Operations
{
    internal static bool Compare(Rendering run, string comparison, object? left, object? right) => comparison switch
    {
        "==" => Value.AreEqual(run, left, right),
        "!=" => !Value.AreEqual(run, left, right),
        "in" => Value.Contains(run, right, left),
        "not in" => !Value.Contains(run, right, left),
        "<" => Value.Compare(run, left, right) < 0,
        "<=" => Value.Compare(run, left, right) <= 0,
        ">" => Value.Compare(run, left, right) > 0,
        _ => Value.Compare(run, left, right) >= 0,
    };

    internal static object? Apply(Rendering run, string operation, object? left, object? right)
    {
        if (operation == "~")
            return Concatenated(run, Repr.Text(run, left), Repr.Text(run, right));
        try
        {
            return (operation, Value.Number(left), Value.Number(right)) switch
            {
                (_, long a, long b) when operation != "/" => Integers(run, operation, a, b),
                (_, long or double, long or double) => Floats(run, operation, Value.Float(left), Value.Float(right)),
                ("+", MarkedText a, MarkedText b) => Concatenated(run, a, b),
                ("+", Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } a, Sequence b) when a.Kind == b.Kind => Joined(run, a, b),
                ("*", MarkedText text, long times) => TextOperations.Repeat(run, text, times),
                ("*", long times, MarkedText text) => TextOperations.Repeat(run, text, times),
                ("*", Sequence { Kind: SequenceKind.List or SequenceKind.Tuple } items, long times) => Repeated(run, items, times),
                ("%", MarkedText, _) => throw run.Error("formatting a string with '%' is not supported"),
                _ => throw run.Error($"'{operation}' is not defined for {Value.Kind(left)} and {Value.Kind(right)}"),
            };
        }
        catch (OverflowException)
        {
            throw run.Error($"'{operation}' gives an integer of more than 64 bits");
        }
    }

    internal static object Negative(Rendering run, object? value) => Value.Number(value) switch
    {
        long.MinValue => throw run.Error("'-' gives an integer of more than 64 bits"),
        long number => (object)-number, // the cast keeps the compiler from making floats of integers
        double number => -number,
        _ => throw run.Error($"'-' is not defined for {Value.Kind(value)}"),
    };

    static object Integers(Rendering run, string operation, long a, long b)
    {
        if (operation is "//" or "%" && b == 0)
            throw run.Error("a number is divided by zero");
        return operation switch
        {
            "+" => checked(a + b),
            "-" => checked(a - b),
            "*" => checked(a * b),
            "//" => b == -1 ? checked(-a) : a / b - (a % b != 0 && a < 0 != b < 0 ? 1 : 0),
            _ => b == -1 ? 0L : a % b is not 0 and var rest && rest < 0 != b < 0 ? rest + b : a % b,
        };
    }

    static object Floats(Rendering run, string operation, double a, double b)
    {
        if (operation is "/" or "//" or "%" && b == 0)
            throw run.Error("a number is divided by zero");
        return operation switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => FloorDivided(a, b),
            _ => Modulo(a, b),
        };
    }

    static double Modulo(double a, double b) => a % b is not 0 and var rest ? rest < 0 != b < 0 ? rest + b : rest : Math.CopySign(0, b);

    /// <summary>The whole number that fits the remainder, which the rounded quotient's floor does not always.</summary>
    static double FloorDivided(double a, double b) =>
        Math.Round((a - Modulo(a, b)) / b) is not 0 and var quotient ? quotient : Math.CopySign(0, a / b);

    static MarkedText Concatenated(Rendering run, MarkedText left, MarkedText right) => new MarkedText.Builder(run).Append(left).Append(right).Build();

    static Sequence Repeated(Rendering run, Sequence items, long times)
    {
        var repeated = new List<object?>();
        for (var i = 0; i < times && items.Items.Count > 0; i++)
        {
            run.Spend(items.Items.Count);
            repeated.AddRange(items.Items);
        }
        return new(repeated, items.Kind);
    }

    static Sequence Joined(Rendering run, Sequence left, Sequence right)
    {
        run.Spend(left.Items.Count + right.Items.Count);
        return new([.. left.Items, .. right.Items], left.Kind);
    }
}
