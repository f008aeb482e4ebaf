namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Reads a template's text and statements.</summary>
sealed class StatementParser
{
    const int MaxDepth = 50;

    readonly Tokens _tokens;
    readonly ExpressionParser _expressions;
    readonly HashSet<string> _assigned = [.. Functions.All.Keys];
    int _depth;
    int _loops;

    StatementParser(Tokens tokens) => (_tokens, _expressions) = (tokens, new(tokens));

    internal static IReadOnlyList<Statement> Parse(Tokens tokens)
    {
        var parser = new StatementParser(tokens);
        var statements = parser.ParseBody();
        foreach (var (name, line) in parser._expressions.Called)
            if (!parser._assigned.Contains(name))
                throw tokens.Error(
                    line, $"the function '{name}' is not supported; supported are {string.Join(", ", Functions.All.Keys)} and the template's own macros");
        return statements;
    }

    /// <summary>Statements up to a tag with one of the names, whose name is the next token then.</summary>
    List<Statement> ParseBody(params string[] ends)
    {
        if (++_depth > MaxDepth)
            throw _tokens.Error($"statements nest more than {MaxDepth} deep");
        var statements = new List<Statement>();
        while (_tokens.Current.Kind != TokenKind.End)
        {
            var token = _tokens.Take();
            if (token.Kind == TokenKind.Text)
                statements.Add(new Write(token.Line, MarkedText.OfTemplate(token.Value)));
            else if (token.Kind == TokenKind.PrintStart)
            {
                statements.Add(new Print(token.Line, _expressions.ParseTuple()));
                _tokens.Expect(TokenKind.PrintEnd, "'}}'");
            }
            else if (ends.Any(_tokens.Is))
            {
                _depth--;
                return statements;
            }
            else
                statements.Add(ParseStatement());
        }
        if (ends.Length > 0)
            throw _tokens.Error($"the template ends before '{ends[^1]}'");
        return statements;
    }

    Statement ParseStatement()
    {
        var name = _tokens.Expect(TokenKind.Name, "a statement's name");
        Statement statement = name.Value switch
        {
            "if" => ParseIf(name.Line),
            "for" => ParseFor(name.Line),
            "set" => ParseSet(name.Line),
            "macro" => ParseMacro(name.Line),
            "generation" => new Scoped(name.Line, ParseClosed(loops: 0, "endgeneration")),
            "break" or "continue" when _loops > 0 => new Jump(name.Line, name.Value == "break" ? Flow.Break : Flow.Continue),
            "break" or "continue" => throw _tokens.Error(name.Line, $"'{name.Value}' stands outside of a loop"),
            "else" or "elif" or "endif" or "endfor" or "endset" or "endmacro" or "endgeneration" or "endraw" =>
                throw _tokens.Error(name.Line, $"'{name.Value}' stands where nothing that it belongs to is open"),
            _ => throw _tokens.Error(name.Line,
                $"the statement '{name.Value}' is not supported; supported are if, for, break, continue, set, macro, generation and raw"),
        };
        EndTag();
        return statement;
    }

    void EndTag() => _tokens.Expect(TokenKind.StatementEnd, "'%}'");

    /// <summary>The rest of an opening tag, a body, and the name in its closing tag.</summary>
    List<Statement> ParseClosed(int loops, string end)
    {
        var around = _loops;
        _loops = loops;
        EndTag();
        var body = ParseBody(end);
        _tokens.Expect(end);
        _loops = around;
        return body;
    }

    If ParseIf(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        List<Statement> otherwise = [];
        do
        {
            var condition = _expressions.ParseTuple();
            EndTag();
            branches.Add((condition, ParseBody("elif", "else", "endif")));
        }
        while (_tokens.Skip("elif"));
        if (_tokens.Skip("else"))
        {
            EndTag();
            otherwise = ParseBody("endif");
        }
        _tokens.Expect("endif");
        return new(line, branches, otherwise);
    }

    For ParseFor(int line)
    {
        var target = ParseTarget();
        if (target.Attribute is not null)
            throw _tokens.Error(line, "a loop gives values to names only");
        _tokens.Expect("in");
        var items = _expressions.ParseTuple(withCondition: false);
        var condition = _tokens.Skip("if") ? _expressions.Parse() : null;
        if (_tokens.Is("recursive"))
            throw _tokens.Error("'recursive' is not supported; supported are loops over items, with a condition and an else");
        EndTag();
        _loops++;
        var body = ParseBody("else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (_tokens.Skip("else"))
        {
            EndTag();
            otherwise = ParseBody("endfor");
        }
        _tokens.Expect("endfor");
        return new(line, target, items, condition, body, otherwise);
    }

    Statement ParseSet(int line)
    {
        var target = ParseTarget();
        if (_tokens.Skip("="))
            return new Assign(line, target, _expressions.ParseTuple());
        if (target.IsTuple)
            throw _tokens.Error(line, "a block gives its value to one name");
        var value = _expressions.ParseFilters(new Variable(line, AssignBlock.Text));
        return new AssignBlock(line, target, value, ParseClosed(loops: 0, "endset"));
    }

    DefineMacro ParseMacro(int line)
    {
        var name = _tokens.Expect(TokenKind.Name, "a macro's name").Value;
        var parameters = new List<(string Name, Expression? Default)>();
        for (_tokens.Expect("("); !_tokens.Skip(")");)
        {
            var parameter = _tokens.Expect(TokenKind.Name, "a parameter's name").Value;
            parameters.Add((parameter, _tokens.Skip("=") ? _expressions.Parse() : null));
            _assigned.Add(parameter);
            if (!_tokens.Is(")"))
                _tokens.Expect(",");
        }
        _assigned.Add(name);
        return new(line, name, parameters, ParseClosed(loops: 0, "endmacro"));
    }

    Target ParseTarget()
    {
        var parenthesized = _tokens.Skip("(");
        var names = new List<string>();
        var isTuple = false;
        do
        {
            if (isTuple && _tokens.Current.Kind != TokenKind.Name)
                break;
            names.Add(_tokens.Expect(TokenKind.Name, "a name").Value);
            if (names.Count == 1 && !parenthesized && _tokens.Skip("."))
                return new(names, IsTuple: false, _tokens.Expect(TokenKind.Name, "an attribute's name").Value);
            isTuple |= _tokens.Is(",");
        }
        while (_tokens.Skip(","));
        if (parenthesized)
            _tokens.Expect(")");
        _assigned.UnionWith(names);
        return new(names, isTuple);
    }
}
