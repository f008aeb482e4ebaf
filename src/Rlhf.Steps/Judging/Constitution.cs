using System.Security.Cryptography;
using System.Text;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Steps.Judging;

/// <summary>One rule to judge by.</summary>
/// <param name="Id">Its heading: lowercase letters, digits and dashes.</param>
/// <param name="Axis">The axis that it is about; null where it is about none alone.</param>
/// <param name="Text">What the judge is told.</param>
public sealed record Principle(string Id, string? Axis, string Text);

/// <summary>
/// Principles that an AI judge judges by, read from Markdown: a title, perhaps an introduction for people, and a section for each principle, which may
/// begin with a line <c>Axis: NAME</c>.
/// </summary>
/// <param name="Name">Name of the file without its ending.</param>
/// <param name="Version">The first digits of the content's hash.</param>
/// <param name="Content">The file, with line feeds.</param>
/// <param name="Principles">In the file's order.</param>
public sealed record Constitution(string Name, string Version, string Content, IReadOnlyList<Principle> Principles)
{
    const int VersionLength = 12, LongestId = 40, LongestPrinciple = 4000;
    const string AxisField = "Axis:";

    /// <summary>Name and version, as judgements keep it.</summary>
    public string Title => $"{Name}@{Version}";

    /// <exception cref="InvalidDataException">The text is none; the message names file, line and what was expected.</exception>
    public static Constitution Parse(string name, string text)
    {
        var content = text.TrimStart('\uFEFF').ReplaceLineEndings("\n");
        var lines = content.Split('\n');
        var principles = new List<Principle>();
        var first = Array.FindIndex(lines, l => !string.IsNullOrWhiteSpace(l));
        if (first < 0 || Heading(lines[first]) is not (1, { Length: > 0 })) throw Wrong(name, Math.Max(first, 0), "it does not begin with a title; expected '# ' and a title");
        for (var i = first + 1; i < lines.Length;)
        {
            if (Heading(lines[i]) is not var (level, id)) { i++; continue; } // the introduction
            if (level != 2) throw Wrong(name, i, $"a heading of level {level}; expected '## ' and the id of a principle");
            var end = i + 1;
            while (end < lines.Length && Heading(lines[end]) is null) end++;
            var principle = Read(name, i, id, lines[(i + 1)..end]);
            if (principles.Any(p => p.Id == principle.Id)) throw Wrong(name, i, $"a second principle '{principle.Id}'; expected each id once");
            principles.Add(principle);
            i = end;
        }
        if (principles.Count == 0) throw Wrong(name, lines.Length - 1, "the end of the file without a principle; expected sections such as '## honest'");
        return new(name, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..VersionLength], content, principles);
    }

    /// <summary>The principles that fit an axis: all of them for <c>preference</c>, otherwise those that name it.</summary>
    public IReadOnlyList<Principle> For(string axis) => axis == JudgementLine.DefaultAxis ? Principles : [.. Principles.Where(p => p.Axis == axis)];

    /// <summary>Different principles for a question, drawn by the seed and the question's id alone; the first of more are the same ones.</summary>
    /// <exception cref="ArgumentException">The axis has fewer principles.</exception>
    public IReadOnlyList<Principle> Draw(Question question, int count, long seed)
    {
        var fitting = For(question.Axis);
        if (fitting.Count < count)
            throw new ArgumentException(
                $"'judgementsPerComparison' is {count}, each by another principle, but constitution {Title} has {fitting.Count} for the axis '{question.Axis}'; expected at least {count}.");
        return [.. fitting.OrderBy(p => Seeds.Uniform(seed, "principle", question.Id, p.Id)).ThenBy(p => p.Id, StringComparer.Ordinal).Take(count)];
    }

    static Principle Read(string name, int line, string id, string[] body)
    {
        if (id.Length is 0 or > LongestId || !id.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-'))
            throw Wrong(name, line, $"the heading '{id}'; expected an id of 1 to {LongestId} lowercase letters, digits and dashes");
        var begin = Array.FindIndex(body, l => !string.IsNullOrWhiteSpace(l));
        string? axis = null;
        if (begin >= 0 && body[begin].TrimStart().StartsWith(AxisField, StringComparison.OrdinalIgnoreCase))
        {
            axis = body[begin].TrimStart()[AxisField.Length..].Trim();
            if (axis.Length == 0 || axis.Any(char.IsWhiteSpace)) throw Wrong(name, line + 1 + begin, $"'{body[begin].Trim()}'; expected '{AxisField}' and one name");
            body = body[(begin + 1)..];
        }
        var text = string.Join('\n', body).Trim();
        if (text.Length is 0 or > LongestPrinciple) throw Wrong(name, line, $"principle '{id}' with a text of {text.Length} characters; expected 1 to {LongestPrinciple}");
        return new(id, axis, text);
    }

    /// <summary>Null where the line is no heading.</summary>
    static (int Level, string Text)? Heading(string line)
    {
        var level = line.TakeWhile(c => c == '#').Count();
        return level is >= 1 and <= 6 && (line.Length == level || line[level] is ' ' or '\t') ? (level, line[level..].Trim()) : null;
    }

    static InvalidDataException Wrong(string name, int line, string found) => new($"Constitution '{name}', line {line + 1}: {found}.");
}

/// <summary>The constitutions of some folders, <c>NAME.md</c>; the first folder that has one counts.</summary>
public sealed class Constitutions(IReadOnlyList<string> folders)
{
    /// <summary>As its file stands now.</summary>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those there are.</exception>
    /// <exception cref="InvalidDataException">The file is none.</exception>
    public Constitution Read(string name)
    {
        var isName = name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        if (isName && folders.Select(f => Path.Combine(f, $"{name}.md")).FirstOrDefault(File.Exists) is { } file) return Constitution.Parse(name, File.ReadAllText(file));
        var known = folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.md")).Select(f => Path.GetFileNameWithoutExtension(f)!).Distinct().Order(StringComparer.Ordinal).ToList();
        throw new ArgumentException($"'{name}' is no constitution; {(known.Count > 0 ? $"known are {string.Join(", ", known)}" : "none is in workflows/constitutions")}.");
    }
}
