namespace Rlhf.Learning.Chat.Jinja;

enum TokenKind { Text, StatementStart, StatementEnd, PrintStart, PrintEnd, Name, String, Integer, Float, Operator, End }

readonly record struct Token(TokenKind Kind, string Value, int Line)
{
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.Text => "text",
        TokenKind.String => "a string",
        _ => $"'{Value}'",
    };
}

/// <summary>The tokens of a template, read from left to right.</summary>
sealed class Tokens(IReadOnlyList<Token> tokens, string name)
{
    int _next;

    internal Token Current => tokens[_next];

    internal Token Take() => tokens[_next].Kind == TokenKind.End ? tokens[_next] : tokens[_next++];

    internal bool Is(string word) => Current.Kind is TokenKind.Name or TokenKind.Operator && Current.Value == word;

    internal bool NextIs(string word) =>
        _next + 1 < tokens.Count && tokens[_next + 1] is { Kind: TokenKind.Name or TokenKind.Operator } next && next.Value == word;

    internal bool Skip(string word)
    {
        if (!Is(word))
            return false;
        _next++;
        return true;
    }

    internal void Expect(string word)
    {
        if (!Skip(word))
            throw Error($"'{word}' was expected, but {Current} stands there");
    }

    internal Token Expect(TokenKind kind, string what) =>
        Current.Kind == kind ? Take() : throw Error($"{what} was expected, but {Current} stands there");

    internal InvalidDataException Error(string problem) => Error(Current.Line, problem);

    internal InvalidDataException Error(int line, string problem) => new($"Chat template '{name}', line {line}: {problem}.");
}
