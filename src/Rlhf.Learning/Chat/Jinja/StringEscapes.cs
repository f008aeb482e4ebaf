using System.Globalization;
using System.Text;

namespace Rlhf.Learning.Chat.Jinja;

/// <summary>The escapes of Python's strings; one that Python does not know stays as it is written.</summary>
static class StringEscapes
{
    internal static string Read(string body, Func<string, Exception> error)
    {
        if (!body.Contains('\\'))
            return body;
        var text = new StringBuilder();
        for (var i = 0; i < body.Length; i++)
            if (body[i] != '\\' || i + 1 == body.Length)
                text.Append(body[i]);
            else
                i += ReadOne(body, i + 1, text, error);
        return text.ToString();
    }

    static int ReadOne(string body, int at, StringBuilder text, Func<string, Exception> error)
    {
        const string letters = "nrtabfv\\'\"";
        const string meanings = "\n\r\t\a\b\f\v\\'\"";

        var c = body[at];
        if (letters.IndexOf(c) is >= 0 and var known)
            text.Append(meanings[known]);
        else if (c is 'x' or 'u' or 'U')
            return 1 + Hexadecimal(body, at + 1, c is 'x' ? 2 : c is 'u' ? 4 : 8, text, error);
        else if (c is >= '0' and <= '7')
        {
            var digits = body[at..Math.Min(at + 3, body.Length)].TakeWhile(digit => digit is >= '0' and <= '7').Count();
            text.Append((char)Convert.ToInt32(body[at..(at + digits)], 8));
            return digits;
        }
        else if (c == 'N')
            throw error("the escape '\\N' is not supported");
        else if (c != '\n')
            text.Append('\\').Append(c);
        return 1;
    }

    static int Hexadecimal(string body, int at, int digits, StringBuilder text, Func<string, Exception> error)
    {
        if (at + digits > body.Length || !int.TryParse(body.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, null, out var code) || code is < 0 or > 0x10FFFF)
            throw error($"an escape needs {digits} hexadecimal digits of a Unicode character");
        text.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
        return digits;
    }
}
