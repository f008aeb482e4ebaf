namespace Rlhf.Learning.Chat.Jinja;

/// <summary>What stands after a value: members, items, calls, filters and tests, each known by name or refused.</summary>
sealed partial class ExpressionParser
{
    Expression ParsePostfix(Expression value)
    {
        for (var chain = 0; ; Count(++chain))
            if (tokens.Skip("."))
                value = ParseMember(value);
            else if (tokens.Is("["))
                value = ParseItem(value);
            else if (tokens.Is("("))
                value = ParseCall(value);
            else
                return value;
    }

    Expression ParseMember(Expression value)
    {
        var name = tokens.Take();
        if (name.Kind == TokenKind.Integer)
            return new Item(name.Line, value, new Literal(name.Line, Integer(name)));
        if (name.Kind != TokenKind.Name)
            throw tokens.Error(name.Line, $"a member's name was expected after '.', but {name} stands there");
        if (value is Variable { Name: "loop" } && !LoopState.Names.Contains(name.Value))
            throw tokens.Error(name.Line, LoopState.Unsupported(name.Value));
        return new Member(name.Line, value, name.Value);
    }

    Expression ParseItem(Expression value)
    {
        var line = tokens.Take().Line;
        var start = tokens.Is(":") ? null : Parse();
        if (!tokens.Skip(":"))
        {
            tokens.Expect("]");
            return new Item(line, value, start!);
        }
        var stop = tokens.Is(":") || tokens.Is("]") ? null : Parse();
        var step = tokens.Skip(":") && !tokens.Is("]") ? Parse() : null;
        tokens.Expect("]");
        return new Slice(line, value, start, stop, step);
    }

    Call ParseCall(Expression value)
    {
        var line = tokens.Current.Line;
        var arguments = ParseArguments();
        var method = value is Member { Name: var name } ? name : null;
        if (method is not null && Methods.String.GetValueOrDefault(method) is null && Methods.Mapping.GetValueOrDefault(method) is null)
            throw tokens.Error(line, $"the method '{method}' is not supported; supported are {string.Join(", ", Methods.Names)}");
        if (method is not null)
            Check((Methods.String.GetValueOrDefault(method) ?? Methods.Mapping[method]), arguments, line);
        if (value is Variable function)
            _called.Add((function.Name, line));
        if (value is Variable builtIn && Functions.All.TryGetValue(builtIn.Name, out var callable))
            Check(callable, arguments, line);
        return new(line, value, arguments);
    }

    void Check(Callable callable, ArgumentList arguments, int line)
    {
        if (callable.Misuse(arguments.Positional.Count, arguments.Named.Select(argument => argument.Name)) is { } misuse)
            throw tokens.Error(line, misuse);
    }

    ArgumentList ParseArguments()
    {
        var (positional, named) = (new List<Expression>(), new List<(string Name, Expression Value)>());
        for (tokens.Expect("("); !tokens.Skip(")");)
        {
            if (tokens.Is("*") || tokens.Is("**"))
                throw tokens.Error("arguments spread by '*' are not supported; supported are single and named ones");
            if (tokens.Current.Kind == TokenKind.Name && tokens.NextIs("="))
            {
                var name = tokens.Take().Value;
                tokens.Expect("=");
                if (named.Exists(argument => argument.Name == name))
                    throw tokens.Error($"the argument '{name}' is given twice");
                named.Add((name, Parse()));
            }
            else if (named.Count > 0)
                throw tokens.Error("an argument without a name stands after one with a name");
            else
                positional.Add(Parse());
            if (!tokens.Is(")"))
                tokens.Expect(",");
        }
        return new(positional, named);
    }

    internal Expression ParseFilters(Expression value)
    {
        for (var chain = 0; ; Count(++chain))
            if (tokens.Is("|"))
                value = ParseFilter(value);
            else if (tokens.Is("is"))
                value = ParseTest(value);
            else if (tokens.Is("("))
                value = ParseCall(value);
            else
                return value;
    }

    internal Expression ParseFilter(Expression value)
    {
        tokens.Expect("|");
        var name = tokens.Expect(TokenKind.Name, "a filter's name");
        var arguments = tokens.Is("(") ? ParseArguments() : new([], []);
        var use = new FilterUse(name.Line, value, Known(Filters.All, "filter", name.Value, name.Line), arguments);
        Check(use.Filter, arguments, name.Line);
        CheckNamed(use);
        return use;
    }

    /// <summary>The filter or test that map, select and their like are given the name of.</summary>
    void CheckNamed(FilterUse use)
    {
        var place = use.Filter.Name is "selectattr" or "rejectattr" ? 1 : 0;
        if (use.Filter.IsOpen && use.Arguments.Positional.ElementAtOrDefault(place) is Literal { Value: MarkedText name })
            _ = use.Filter.Name == "map" ? Known(Filters.All, "filter", name.Value, use.Line) : Known(Predicates.All, "test", name.Value, use.Line);
    }

    Callable Known(IReadOnlyDictionary<string, Callable> table, string kind, string name, int line) => table.TryGetValue(name, out var found)
        ? found
        : throw tokens.Error(line, $"the {kind} '{name}' is not supported; supported are {string.Join(", ", table.Keys)}");

    Expression ParseTest(Expression value)
    {
        tokens.Expect("is");
        var negated = tokens.Skip("not");
        var name = tokens.Expect(TokenKind.Name, "a test's name");
        if (tokens.Is("is"))
            throw tokens.Error("a test is followed by another one, where 'and' was expected between them");
        var arguments = tokens.Is("(") ? ParseArguments()
            : BeginsArgument() ? new([ParsePostfix(ParsePrimary())], [])
            : new ArgumentList([], []);
        var test = new TestUse(name.Line, value, Known(Predicates.All, "test", name.Value, name.Line), arguments);
        Check(test.Test, arguments, name.Line);
        return negated ? new Unary(name.Line, "not", test) : test;
    }

    bool BeginsArgument() => tokens.Current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
        || (tokens.Current.Kind == TokenKind.Name && !AfterTest.Contains(tokens.Current.Value))
        || tokens.Is("[") || tokens.Is("{");
}
