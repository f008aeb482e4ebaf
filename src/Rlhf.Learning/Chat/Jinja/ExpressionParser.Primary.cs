namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Names, literals, and what stands between brackets.</summary>
sealed partial class ExpressionParser
{
    Expression ParsePrimary()
    {
        var token = tokens.Take();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Value switch
                {
                    "true" or "True" => new Literal(token.Line, true),
                    "false" or "False" => new Literal(token.Line, false),
                    "none" or "None" => new Literal(token.Line, null),
                    _ => new Variable(token.Line, token.Value),
                };
            case TokenKind.String:
                var text = token.Value;
                for (var chain = 0; tokens.Current.Kind == TokenKind.String; Count(++chain))
                    text += tokens.Take().Value;
                return new Literal(token.Line, MarkedText.OfTemplate(text));
            case TokenKind.Integer:
                return new Literal(token.Line, Integer(token));
            case TokenKind.Float:
                return new Literal(token.Line, double.Parse(token.Value));
            case TokenKind.Operator when token.Value is "(":
                return ParseParentheses(token.Line);
            case TokenKind.Operator when token.Value is "[":
                return new SequenceDisplay(token.Line, ParseItems("]"), SequenceKind.List);
            case TokenKind.Operator when token.Value is "{":
                return ParseMapping(token.Line);
            default:
                throw tokens.Error(token.Line, $"an expression was expected, but {token} stands there");
        }
    }

    object Integer(Token token) => long.TryParse(token.Value, out var number)
        ? number
        : throw tokens.Error(token.Line, $"the integer {token.Value} has more than 64 bits");

    Expression ParseParentheses(int line)
    {
        if (tokens.Skip(")"))
            return new SequenceDisplay(line, [], SequenceKind.Tuple);
        var first = Parse();
        if (tokens.Skip(")"))
            return first;
        tokens.Expect(",");
        return new SequenceDisplay(line, [first, .. ParseItems(")")], SequenceKind.Tuple);
    }

    List<Expression> ParseItems(string end)
    {
        var items = new List<Expression>();
        while (!tokens.Skip(end))
        {
            items.Add(Parse());
            if (!tokens.Is(end))
                tokens.Expect(",");
        }
        return items;
    }

    MappingDisplay ParseMapping(int line)
    {
        var pairs = new List<(Expression, Expression)>();
        while (!tokens.Skip("}"))
        {
            var key = Parse();
            tokens.Expect(":");
            pairs.Add((key, Parse()));
            if (!tokens.Is("}"))
                tokens.Expect(",");
        }
        return new(line, pairs);
    }
}
