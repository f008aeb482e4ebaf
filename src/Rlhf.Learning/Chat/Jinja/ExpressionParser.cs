namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Reads expressions, one method for each of Jinja's levels of precedence; the tightest ones stand in the other two files.</summary>
sealed partial class ExpressionParser(Tokens tokens)
{
    const int MaxDepth = 50;
    const int MaxChain = 100;

    static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>What may stand after a test without being its argument.</summary>
    static readonly string[] AfterTest = ["and", "or", "else"];

    readonly List<(string Name, int Line)> _called = [];
    int _depth;

    /// <summary>Functions and macros that are called, which a template must know.</summary>
    internal IReadOnlyList<(string Name, int Line)> Called => _called;

    /// <summary>One expression, or several with commas between them as a tuple.</summary>
    internal Expression ParseTuple(bool withCondition = true)
    {
        var line = tokens.Current.Line;
        var first = withCondition ? Parse() : ParseOr();
        if (!tokens.Is(","))
            return first;
        var items = new List<Expression> { first };
        while (tokens.Skip(",") && tokens.Current.Kind != TokenKind.StatementEnd && tokens.Current.Kind != TokenKind.PrintEnd)
            items.Add(withCondition ? Parse() : ParseOr());
        return new SequenceDisplay(line, items, SequenceKind.Tuple);
    }

    internal Expression Parse()
    {
        if (++_depth > MaxDepth)
            throw tokens.Error($"an expression nests more than {MaxDepth} deep");
        var line = tokens.Current.Line;
        var value = ParseOr();
        for (var chain = 0; tokens.Skip("if"); Count(++chain))
        {
            var condition = ParseOr();
            value = new Conditional(line, condition, value, tokens.Skip("else") ? Parse() : null);
        }
        _depth--;
        return value;
    }

    internal Expression ParseOr() => ParseChain(ParseAnd, "or");

    Expression ParseAnd() => ParseChain(ParseNot, "and");

    Expression ParseNot()
    {
        var line = tokens.Current.Line;
        if (!tokens.Skip("not"))
            return ParseComparison();
        return Nested(() => new Unary(line, "not", ParseNot()));
    }

    Expression ParseComparison()
    {
        var line = tokens.Current.Line;
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
            if (tokens.Current.Kind == TokenKind.Operator && Comparisons.Contains(tokens.Current.Value))
                rest.Add((tokens.Take().Value, ParseSum()));
            else if (tokens.Skip("in"))
                rest.Add(("in", ParseSum()));
            else if (tokens.Is("not") && tokens.NextIs("in"))
            {
                tokens.Take();
                tokens.Take();
                rest.Add(("not in", ParseSum()));
            }
            else
                return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    Expression ParseSum() => ParseChain(ParseConcatenation, "+", "-");

    Expression ParseConcatenation() => ParseChain(ParseProduct, "~");

    Expression ParseProduct() => ParseChain(() => ParseUnary(), "*", "/", "//", "%");

    Expression ParseChain(Func<Expression> part, params string[] operators)
    {
        var left = part();
        for (var chain = 0; tokens.Current.Kind is TokenKind.Name or TokenKind.Operator && operators.Contains(tokens.Current.Value); Count(++chain))
        {
            var word = tokens.Take();
            left = new Binary(word.Line, word.Value, left, part());
        }
        return left;
    }

    Expression ParseUnary(bool withFilters = true)
    {
        var sign = tokens.Current;
        var value = tokens.Skip("-") || tokens.Skip("+")
            ? Nested(() => new Unary(sign.Line, sign.Value, ParseUnary(withFilters: false)))
            : ParsePostfix(ParsePrimary());
        if (tokens.Is("**"))
            throw tokens.Error("the operator '**' is not supported; supported are + - * / // % ~");
        return withFilters ? ParseFilters(value) : value;
    }

    Expression Nested(Func<Expression> parse)
    {
        if (++_depth > MaxDepth)
            throw tokens.Error($"an expression nests more than {MaxDepth} deep");
        var value = parse();
        _depth--;
        return value;
    }

    void Count(int chain)
    {
        if (chain > MaxChain)
            throw tokens.Error($"an expression has a chain of more than {MaxChain} parts");
    }
}
