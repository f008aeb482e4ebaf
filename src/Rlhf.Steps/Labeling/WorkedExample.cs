using Rlhf.Steps.Data;

namespace Rlhf.Steps.Labeling;

/// <summary>An example of the guidelines that can be asked like a question.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Prompt">What was asked, one turn of the user's.</param>
/// <param name="Verdict">What the guidelines say of it, between the example's own sides.</param>
/// <param name="Also">What the guidelines let pass besides.</param>
/// <param name="Reason">The verdict in the guidelines' words.</param>
public sealed record WorkedExample(string Title, string Prompt, string A, string B, Choice Verdict, IReadOnlyList<Choice> Also, string Reason)
{
    /// <summary>True for the verdict's side, however much better it is called, and for what the guidelines let pass besides.</summary>
    public bool IsRight(Choice choice) => choice.Side() == Verdict.Side() || Also.Contains(choice);
}

/// <summary>
/// Finds the examples that can be asked in guidelines: under <c>## Worked examples</c> those, each under a heading of level 3, that have the lines
/// <c>- A: …</c> and <c>- B: …</c>. Everything else there is prose.
/// </summary>
public static class WorkedExamples
{
    /// <summary>The section's heading.</summary>
    public const string Section = "Worked examples";

    const string Form = "expected a prompt ('> …'), '- A: …', '- B: …' and a verdict such as '**A much better.** Why.'";

    static readonly string[] Fences = ["```", "~~~"];

    /// <exception cref="InvalidDataException">An example with a line for a side is no whole one; the message names file, line and what was expected.</exception>
    public static IReadOnlyList<WorkedExample> Of(GuidelinesVersion guidelines)
    {
        var (name, lines) = ($"{guidelines.Axis}.md", guidelines.Content.Split('\n'));
        var (examples, isInside, begin) = (new List<WorkedExample>(), false, -1);
        var fence = "";
        for (var i = 0; i <= lines.Length; i++)
        {
            var line = i < lines.Length ? lines[i] : "## ";
            if (i < lines.Length && Fence(line) is { } mark) fence = fence.Length == 0 ? mark : fence == mark ? "" : fence;
            if (fence.Length > 0 && i < lines.Length || Heading(line) is not var (level, text) || level > 3) continue;
            if (isInside && begin >= 0 && Read(name, lines, begin, i) is { } example)
                examples.Add(examples.All(e => e.Title != example.Title) ? example : throw Wrong(name, begin, $"a second worked example '{example.Title}'; expected each heading once"));
            begin = level == 3 ? i : -1;
            if (level < 3) isInside = level == 2 && text == Section;
        }
        return examples;
    }

    static WorkedExample? Read(string name, string[] lines, int begin, int end)
    {
        var title = Heading(lines[begin])!.Value.Text;
        var prompt = new List<string>();
        var sides = new Dictionary<char, List<string>>();
        var (verdict, verdictLine) = (new List<string>(), begin);
        List<string>? side = null;
        for (var i = begin + 1; i < end; i++)
        {
            var line = lines[i];
            if (line is ['-', ' ', 'A' or 'B', ':', .. var first])
            {
                side = [first.Trim()];
                if (!sides.TryAdd(line[2], side)) throw Wrong(name, i, $"the worked example '{title}' has a second side {line[2]}; {Form}");
            }
            else if (side is not null && (line.StartsWith("  ", StringComparison.Ordinal) || line.Length == 0)) side.Add(line.Length == 0 ? "" : line[2..]);
            else if (line.StartsWith('>') && sides.Count == 0) prompt.Add(line.StartsWith("> ", StringComparison.Ordinal) ? line[2..] : line[1..]);
            else if (!string.IsNullOrWhiteSpace(line))
            {
                side = null;
                if (verdict.Count == 0) verdictLine = i;
                verdict.Add(line.Trim());
            }
        }
        if (sides.Count == 0) return null;
        var text = string.Join(' ', verdict);
        var missing = sides.Count < 2 ? $"no side {(sides.ContainsKey('A') ? 'B' : 'A')}" : prompt.All(string.IsNullOrWhiteSpace) ? "no prompt"
            : Side('A').Length == 0 ? "an empty side A" : Side('B').Length == 0 ? "an empty side B" : Side('A') == Side('B') ? "two sides that are the same" : text.Length == 0 ? "no verdict" : null;
        if (missing is not null) throw Wrong(name, begin, $"the worked example '{title}' has {missing}; {Form}");
        var (choice, also) = VerdictText.Parse(text) ?? throw Wrong(name, verdictLine, $"the worked example '{title}' has the verdict '{Short(text)}'; expected one that begins with {VerdictText.Expected}");
        return new(title, string.Join('\n', prompt).Trim(), Side('A'), Side('B'), choice, also, text.Replace("**", "", StringComparison.Ordinal));

        string Side(char letter) => Unquoted(string.Join('\n', sides[letter]).Trim());
    }

    static string Unquoted(string text) => text is ['"', .. var inner, '"'] && !inner.Contains('"', StringComparison.Ordinal) ? inner : text;

    static string? Fence(string line) => Fences.FirstOrDefault(f => line.TrimStart().StartsWith(f, StringComparison.Ordinal));

    static (int Level, string Text)? Heading(string line)
    {
        var level = line.TakeWhile(c => c == '#').Count();
        return level is >= 1 and <= 6 && line.Length > level && line[level] == ' ' ? (level, line[level..].Trim()) : null;
    }

    static string Short(string text) => text.Length > 60 ? $"{text[..60]}…" : text;

    static InvalidDataException Wrong(string name, int line, string sentence) => new($"'{name}', line {line + 1}: {sentence}.");
}
