using Rlhf.Steps.Data;

namespace Rlhf.Steps.Labeling;

/// <summary>The beginning of a verdict of the guidelines: bold, one of the choices, and perhaps what passes besides.</summary>
static class VerdictText
{
    public const string Expected =
        "'**A much better**', '**A better**', '**A slightly better**', '**Tie**', '**B slightly better**', '**B better**', '**B much better**' or '**Both bad**', and perhaps ', or' and another of them or 'slightly better'";

    const string Or = ", or ", EitherSlightly = "slightly better";

    static readonly (string Text, Choice Choice)[] Texts =
    [
        ("a much better", Choice.AMuch), ("a better", Choice.A), ("a slightly better", Choice.ASlight), ("tie", Choice.Tie),
        ("b slightly better", Choice.BSlight), ("b better", Choice.B), ("b much better", Choice.BMuch), ("both bad", Choice.BothBad),
    ];

    /// <summary>Null where it begins otherwise.</summary>
    public static (Choice Choice, IReadOnlyList<Choice> Also)? Parse(string text)
    {
        if (!text.StartsWith("**", StringComparison.Ordinal) || text.IndexOf("**", 2, StringComparison.Ordinal) < 0) return null;
        var plain = text.Replace("**", "", StringComparison.Ordinal);
        if (Find(plain) is not { } found) return null;
        var rest = plain[found.Length..];
        if (!rest.StartsWith(Or, StringComparison.Ordinal)) return (found.Choice, []);
        var other = rest[Or.Length..];
        if (Begins(other, EitherSlightly)) return (found.Choice, [Choice.ASlight, Choice.BSlight]);
        // Whoever lets "A better" pass lets "A slightly better" pass, too.
        return Find(other) is not { } also ? null
            : (found.Choice, [.. Enum.GetValues<Choice>().Where(c => c.Side() == also.Choice.Side() && c.Strength() <= also.Choice.Strength())]);
    }

    static (Choice Choice, int Length)? Find(string text) =>
        Texts.Where(t => Begins(text, t.Text)).Select(t => ((Choice, int)?)(t.Choice, t.Text.Length)).FirstOrDefault();

    // "Tied" is another word.
    static bool Begins(string text, string with) => text.StartsWith(with, StringComparison.OrdinalIgnoreCase) && (text.Length == with.Length || !char.IsLetterOrDigit(text[with.Length]));
}
