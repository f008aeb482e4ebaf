using System.Text.RegularExpressions;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>Splits a template into tokens and takes out the white space that its tags take out.</summary>
/// <remarks>
/// As transformers sets Jinja up: a statement's or comment's tag takes the newline after it (trim_blocks) and the blanks
/// before it on its line (lstrip_blocks); '-' takes all white space on its side and '+' none.
/// </remarks>
sealed partial class Lexer
{
    const string StatementEnd = "%}";
    const string PrintEnd = "}}";

    static readonly string[] Operators =
        ["**", "//", "==", "!=", "<=", ">=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", "<", ">", "=", ".", ":", "|", ",", ";"];

    readonly string _source;
    readonly string _name;
    readonly List<Token> _tokens = [];
    int _at;
    int _line = 1;
    int _lineCountedTo;
    bool _lineStarts = true;

    Lexer(string source, string name) => (_source, _name) = (source, name);

    internal static Tokens Read(string source, string name)
    {
        source = source.Replace("\r\n", "\n").Replace('\r', '\n');
        var lexer = new Lexer(source.EndsWith('\n') ? source[..^1] : source, name);
        while (lexer._at < lexer._source.Length)
            lexer.ReadTextAndTag();
        lexer.Add(TokenKind.End, "");
        return new(lexer._tokens, name);
    }

    void ReadTextAndTag()
    {
        var start = _at;
        while (_at < _source.Length && !(_source[_at] == '{' && _at + 1 < _source.Length && _source[_at + 1] is '{' or '%' or '#'))
            _at++;
        if (_at == _source.Length)
        {
            AddText(_source[start..]);
            return;
        }
        var (text, kind) = (_source[start.._at], _source[_at + 1]);
        _at += 2;
        var sign = TakeSign();
        AddText(BeforeTag(text, sign, isPrint: kind == '{'));
        if (kind == '#')
            SkipComment();
        else if (kind == '%' && RawStart().Match(_source, _at) is { Success: true } raw)
            ReadRaw(raw);
        else
            ReadTag(kind == '%');
    }

    char TakeSign() => _at < _source.Length && _source[_at] is '-' or '+' ? _source[_at++] : ' ';

    string BeforeTag(string text, char sign, bool isPrint)
    {
        var end = text.Length;
        while (end > 0 && MarkedText.IsSpace(text[end - 1]))
            end--;
        if (sign == '-')
            return text[..end];
        var line = text.LastIndexOf('\n') + 1;
        var onlyBlanks = end <= line && (line > 0 || _lineStarts);
        return sign != '+' && !isPrint && onlyBlanks ? text[..line] : text;
    }

    void AfterTag(char sign, bool takesNewline)
    {
        if (sign == '-')
            while (_at < _source.Length && MarkedText.IsSpace(_source[_at]))
                _at++;
        else if (sign != '+' && takesNewline && _at < _source.Length && _source[_at] == '\n')
            _at++;
        _lineStarts = _source[_at - 1] == '\n';
    }

    void SkipComment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw Error("a comment begins with '{#' and never ends with '#}'");
        var sign = end > _at ? _source[end - 1] : ' ';
        _at = end + 2;
        AfterTag(sign, takesNewline: true);
    }

    void ReadRaw(Match start)
    {
        _at = start.Index + start.Length;
        AfterTag(start.Groups[1].Value is "-" ? '-' : ' ', takesNewline: false);
        var end = RawEnd().Match(_source, _at);
        if (!end.Success)
            throw Error("'raw' has no 'endraw'");
        AddText(BeforeTag(_source[_at..end.Index], SignOf(end.Groups[1]), isPrint: false));
        _at = end.Index + end.Length;
        AfterTag(SignOf(end.Groups[2]), takesNewline: true);

        static char SignOf(Group group) => group.Length == 1 ? group.Value[0] : ' ';
    }

    void ReadTag(bool isStatement)
    {
        var end = isStatement ? StatementEnd : PrintEnd;
        var brackets = new Stack<char>();
        Add(isStatement ? TokenKind.StatementStart : TokenKind.PrintStart, isStatement ? "{%" : "{{");
        while (true)
        {
            while (_at < _source.Length && MarkedText.IsSpace(_source[_at]))
                _at++;
            if (_at == _source.Length)
                throw Error($"a tag is never closed by '{end}'");
            var sign = _source[_at] is '-' or '+' && StandsAt(end, _at + 1) && (isStatement || _source[_at] == '-') ? _source[_at] : ' ';
            if (brackets.Count == 0 && (sign != ' ' || StandsAt(end, _at)))
            {
                Add(isStatement ? TokenKind.StatementEnd : TokenKind.PrintEnd, end);
                _at += (sign == ' ' ? 0 : 1) + end.Length;
                AfterTag(sign, takesNewline: isStatement);
                return;
            }
            ReadToken(brackets);
        }
    }

    void ReadToken(Stack<char> brackets)
    {
        var (start, c) = (_at, _source[_at]);
        if (char.IsAsciiDigit(c))
            ReadNumber();
        else if (char.IsLetter(c) || c == '_')
        {
            while (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
            Add(TokenKind.Name, _source[start.._at]);
        }
        else if (c is '\'' or '"')
        {
            for (_at++; _at < _source.Length && _source[_at] != c; _at++)
                _at += _source[_at] == '\\' ? 1 : 0;
            if (_at >= _source.Length)
                throw Error("a string is never closed");
            Add(TokenKind.String, StringEscapes.Read(_source[(start + 1).._at++], Error));
        }
        else
        {
            var word = Operators.FirstOrDefault(word => StandsAt(word, _at)) ?? throw Error($"the character '{c}' is none of the language's");
            Match(brackets, c);
            Add(TokenKind.Operator, word);
            _at += word.Length;
        }
    }

    void Match(Stack<char> brackets, char c)
    {
        if (c is '(' or '[' or '{')
            brackets.Push(c is '(' ? ')' : c is '[' ? ']' : '}');
        else if (c is ')' or ']' or '}' && !(brackets.TryPop(out var expected) && expected == c))
            throw Error($"'{c}' closes nothing that is open");
    }

    void ReadNumber()
    {
        var number = Number().Match(_source, _at);
        _at += number.Length;
        if (_at < _source.Length && (char.IsLetterOrDigit(_source[_at]) || _source[_at] == '_'))
            throw Error("a number is followed by a letter; supported are decimal numbers");
        Add(number.Value.All(char.IsAsciiDigit) ? TokenKind.Integer : TokenKind.Float, number.Value);
    }

    bool StandsAt(string word, int at) => string.CompareOrdinal(_source, at, word, 0, word.Length) == 0;

    void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
    }

    void Add(TokenKind kind, string value) => _tokens.Add(new(kind, value, Line()));

    int Line()
    {
        _line += _source.AsSpan(_lineCountedTo, _at - _lineCountedTo).Count('\n');
        _lineCountedTo = _at;
        return _line;
    }

    InvalidDataException Error(string problem) => new($"Chat template '{_name}', line {Line()}: {problem}.");

    [GeneratedRegex(@"\G\s*raw\s*(-?)%\}")]
    private static partial Regex RawStart();

    [GeneratedRegex(@"\{%([-+]?)\s*endraw\s*([-+]?)%\}")]
    private static partial Regex RawEnd();

    [GeneratedRegex(@"\G[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")]
    private static partial Regex Number();
}
