using System.Text;
using System.Text.RegularExpressions;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// A pattern of <c>tokenizer.json</c>, written for Oniguruma over code points, as a .NET pattern over <see cref="CodePoints"/>' shapes.
/// </summary>
/// <remarks>
/// Allowed is what means the same in both: literals, classes without classes in them, general categories, groups, lookarounds, quantifiers
/// (possessive ones become atomic groups) and <c>(?i:…)</c> around ASCII, whose letters are spelled out since the two fold differently.
/// </remarks>
sealed class WordPattern
{
    // A page of text takes milliseconds; only a pattern made to blow up comes near.
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    const int MaxLength = 10_000;

    static readonly HashSet<string> Categories =
    [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp",
    ];

    readonly string _pattern;
    readonly StringBuilder _regex = new();
    readonly Stack<(int Start, bool IgnoreCase)> _groups = new();
    int _position;
    int? _atom;
    bool _ignoreCase;

    WordPattern(string pattern) => _pattern = pattern;

    /// <exception cref="InvalidDataException">The pattern has a construct that is not supported, or is none.</exception>
    internal static Regex ToRegex(string pattern)
    {
        if (pattern.Length > MaxLength)
            throw new InvalidDataException($"tokenizer.json has a pattern of {pattern.Length} characters, but at most {MaxLength} were expected");
        var translated = new WordPattern(pattern).Translate();
        try
        {
            return new(translated, RegexOptions.CultureInvariant | RegexOptions.Compiled, Patience);
        }
        catch (RegexParseException e)
        {
            throw new InvalidDataException($"tokenizer.json has the pattern '{pattern}', which is no regular expression", e);
        }
    }

    string Translate()
    {
        while (_position < _pattern.Length)
            Next();
        return _groups.Count == 0 ? _regex.ToString() : throw Unsupported("(", "a group must be closed");
    }

    void Next()
    {
        var start = _regex.Length;
        switch (_pattern[_position])
        {
            case '(':
                Open();
                return;
            case ')':
                if (!_groups.TryPop(out var group))
                    throw Unsupported(")", "a group must be opened");
                (start, _ignoreCase) = group;
                Copy(1);
                break;
            case '|':
                Copy(1);
                _atom = null;
                return;
            case '?' or '*' or '+' or '{':
                Quantify();
                return;
            case '[':
                Class();
                break;
            case '^' or '$':
                throw Unsupported(_pattern[_position].ToString(), "anchors are not supported");
            case '.':
                Copy(1);
                break;
            default:
                Literal(inClass: false);
                break;
        }
        _atom = start;
    }

    void Open()
    {
        string[] kinds = ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:"];
        var kind = kinds.FirstOrDefault(k => string.CompareOrdinal(_pattern, _position, k, 0, k.Length) == 0);
        if (kind is null && _pattern.AsSpan(_position).StartsWith("(?"))
            throw Unsupported(_pattern.Substring(_position, Math.Min(4, _pattern.Length - _position)), $"groups are {string.Join(' ', kinds)}");
        _groups.Push((_regex.Length, _ignoreCase));
        _ignoreCase |= kind == "(?i:";
        _regex.Append(kind is null or "(?i:" ? "(?:" : kind);
        _position += kind?.Length ?? 1;
        _atom = null;
    }

    void Quantify()
    {
        var quantifier = Regex.Match(_pattern[_position..], @"^([?*+]|\{[0-9]{1,4}(,[0-9]{0,4})?\})").Value;
        if (quantifier.Length == 0 || _atom is not { } atom)
            throw Unsupported(_pattern[_position].ToString(), "a quantifier is ?, *, +, {m}, {m,} or {m,n} after what it repeats");
        Copy(quantifier.Length);
        switch (_position < _pattern.Length ? _pattern[_position] : ' ')
        {
            case '?':
                Copy(1);
                break;
            case '+' when quantifier.Length == 1:
                _regex.Insert(atom, "(?>").Append(')');
                _position++;
                break;
        }
        _atom = null;
    }

    void Class()
    {
        Copy(1);
        if (_position < _pattern.Length && _pattern[_position] == '^')
            Copy(1);
        for (var first = _position; ;)
        {
            if (_position >= _pattern.Length)
                throw Unsupported("[", "a class must be closed");
            if (_pattern[_position] == ']' && _position > first)
                break;
            if (_pattern[_position] is '[' or ']' || _pattern.AsSpan(_position).StartsWith("&&"))
                throw Unsupported(_pattern[_position].ToString(), "in a class it needs a backslash");
            if (_pattern[_position] == '-' && _position > first && _position + 1 < _pattern.Length && _pattern[_position + 1] != ']')
                Range();
            else
                Literal(inClass: true);
        }
        Copy(1);
    }

    // What follows a hyphen inside a class: its end, which no letter of (?i:…) may be.
    void Range()
    {
        if (_ignoreCase)
            throw Unsupported("-", "a range cannot ignore case");
        Copy(1);
        Literal(inClass: true);
    }

    void Literal(bool inClass)
    {
        var c = _pattern[_position];
        if (c == '\\')
            Escape(inClass);
        else if (c >= CodePoints.FirstStandIn || (_ignoreCase && c > '~'))
            throw Unsupported(c.ToString(), "characters are those below U+A600, or ASCII where case is ignored");
        else
        {
            Append(c, inClass);
            _position++;
        }
    }

    void Escape(bool inClass)
    {
        var match = Regex.Match(
            _pattern[_position..], @"^\\(?:(?<class>[sSd])|(?<control>[rntfv])|[pP]\{(?<category>\w+)\}|u(?<hex>[0-9A-Fa-f]{4})|(?<sign>[^\w\s]))");
        if (match.Groups["category"] is { Success: true } category ? !Categories.Contains(category.Value) : !match.Success)
            throw Unsupported(
                match.Success ? match.Value : _pattern.Substring(_position, Math.Min(2, _pattern.Length - _position)),
                @"escapes are \s, \S, \d, \r, \n, \t, \f, \v, \uXXXX, \p{…} and \P{…} with a general category, and signs");
        if (match.Groups["hex"] is { Success: true } hex)
        {
            var c = (char)Convert.ToInt32(hex.Value, 16);
            if (c >= CodePoints.FirstStandIn || (_ignoreCase && c > '~'))
                throw Unsupported(match.Value, "characters are those below U+A600, or ASCII where case is ignored");
            Append(c, inClass);
        }
        else if (match.Groups["sign"] is { Success: true } sign)
            Append(sign.Value[0], inClass);
        else
            _regex.Append(match.Value);
        _position += match.Length;
    }

    void Append(char c, bool inClass)
    {
        if (!_ignoreCase || !char.IsAsciiLetter(c))
            _regex.Append(char.IsAsciiLetterOrDigit(c) ? c.ToString() : $"\\u{(int)c:X4}");
        else
        {
            // Two letters beyond ASCII fold into it: the long s and the Kelvin sign.
            var cases = $"{char.ToUpperInvariant(c)}{char.ToLowerInvariant(c)}{(c | 0x20) switch { 's' => "\u017F", 'k' => "\u212A", _ => "" }}";
            _regex.Append(inClass ? cases : $"[{cases}]");
        }
    }

    void Copy(int length)
    {
        _regex.Append(_pattern, _position, length);
        _position += length;
    }

    InvalidDataException Unsupported(string part, string supported) =>
        new($"tokenizer.json has the pattern '{_pattern}' with '{part}', but {supported}");
}
