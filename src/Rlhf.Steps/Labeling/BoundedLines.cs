using System.Buffers;
using System.Text;

namespace Rlhf.Steps.Labeling;

/// <summary>The lines of a text in UTF-8, one after the other, none of them longer than what is said.</summary>
sealed class BoundedLines(Stream stream, int longest)
{
    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    readonly byte[] _buffer = new byte[64 * 1024];
    readonly ArrayBufferWriter<byte> _line = new();
    int _position, _length;

    /// <summary>How many lines have been begun.</summary>
    public int Number { get; private set; }

    /// <summary>The next line without its end, or null.</summary>
    /// <exception cref="InvalidDataException">The line is too long or no UTF-8; the message does not name it.</exception>
    public string? Next()
    {
        _line.ResetWrittenCount();
        Number++;
        while (true)
        {
            if (_position == _length) (_position, _length) = (0, stream.Read(_buffer));
            if (_length == 0) return _line.WrittenCount > 0 ? Text() : null;
            var rest = _buffer.AsSpan(_position, _length - _position);
            var end = rest.IndexOf((byte)'\n');
            var part = end < 0 ? rest : rest[..end];
            if (_line.WrittenCount + part.Length > longest) throw new InvalidDataException($"it has more than {longest} bytes; expected an object with one judgement.");
            _line.Write(part);
            _position += part.Length;
            if (end < 0) continue;
            _position++;
            return Text();
        }
    }

    string Text()
    {
        try
        {
            var text = Strict.GetString(_line.WrittenSpan);
            return Number == 1 ? text.TrimStart('\uFEFF') : text;
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"it is no UTF-8 text: {e.Message}", e);
        }
    }
}
