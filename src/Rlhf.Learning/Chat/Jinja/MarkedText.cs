using System.Text;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>A string of which every character knows whether the template wrote it or a turn brought it.</summary>
/// <remarks>The marks are a second string beside the first, so that every operation on the text is the same operation on its marks.</remarks>
sealed class MarkedText
{
    const char Template = 't';
    const char Turn = 'u';

    internal static readonly MarkedText Empty = new("", "");

    internal string Value { get; }

    readonly string _marks;

    MarkedText(string value, string marks) => (Value, _marks) = (value, marks);

    internal static MarkedText OfTemplate(string value) => new(value, new string(Template, value.Length));

    internal static MarkedText OfTurn(string value) => new(value, new string(Turn, value.Length));

    internal int Length => Value.Length;

    internal MarkedText this[Range range] => range.Equals(..Length) ? this : new(Value[range], _marks[range]);

    /// <summary>The text with each character changed in its place.</summary>
    internal MarkedText With(Func<string, string> sameLength) => new(sameLength(Value), _marks);

    /// <summary>Another string in this text's place, which is a turn's as soon as one character of this text is.</summary>
    internal MarkedText Rewritten(string value) => _marks.Contains(Turn) ? OfTurn(value) : OfTemplate(value);

    internal int CharacterCount
    {
        get
        {
            var count = Length;
            for (var i = 0; i + 1 < Length; i++)
                count -= IsPair(i) ? 1 : 0;
            return count;
        }
    }

    /// <summary>Where each character begins: one that lies outside the basic plane takes two places here and one in Python.</summary>
    internal int[] CharacterStarts()
    {
        var starts = new List<int>(Length);
        for (var i = 0; i < Length; i += IsPair(i) ? 2 : 1)
            starts.Add(i);
        return [.. starts];
    }

    internal MarkedText CharacterAt(int start) => this[start..(start + (IsPair(start) ? 2 : 1))];

    bool IsPair(int i) => i + 1 < Length && char.IsSurrogatePair(Value[i], Value[i + 1]);

    internal MarkedText Trim(bool left, bool right, string? characters = null)
    {
        bool Goes(char c) => characters is null ? IsSpace(c) : characters.Contains(c);

        var (start, end) = (0, Length);
        while (left && start < end && Goes(Value[start]))
            start++;
        while (right && end > start && Goes(Value[end - 1]))
            end--;
        return this[start..end];
    }

    /// <summary>What Python calls white space.</summary>
    internal static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    internal IReadOnlyList<ChatSegment> Segments()
    {
        var segments = new List<ChatSegment>();
        for (int start = 0, end; start < Length; start = end)
        {
            end = _marks.AsSpan(start).IndexOfAnyExcept(_marks[start]) is >= 0 and var run ? start + run : Length;
            segments.Add(new(Value[start..end], _marks[start] == Template));
        }
        return segments;
    }

    internal sealed class Builder(Rendering rendering)
    {
        readonly StringBuilder _value = new();
        readonly StringBuilder _marks = new();

        internal int Length => _value.Length;

        internal Builder Append(MarkedText text)
        {
            rendering.Spend(text.Length);
            _value.Append(text.Value);
            _marks.Append(text._marks);
            return this;
        }

        internal Builder Append(string ofTemplate) => Append(OfTemplate(ofTemplate));

        internal MarkedText Build()
        {
            rendering.Spend(_value.Length);
            return new(_value.ToString(), _marks.ToString());
        }
    }
}
