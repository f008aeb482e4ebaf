using Rlhf.Steps.Data;

namespace Rlhf.Adapters.Labeling;

/// <summary>What somebody said of a pair in a tool, between the sides as they were shown, and still says.</summary>
/// <param name="ChangedAt">When it became what it is now.</param>
/// <param name="Seconds">Time on the question; null where the tool does not measure it.</param>
sealed record ToolAnswer(string Pair, string Labeler, Choice Choice, DateTimeOffset GivenAt, DateTimeOffset ChangedAt, double? Seconds);

/// <summary>What stands in a dataset or project of a tool.</summary>
/// <param name="Place">For people: where it is.</param>
/// <param name="Guidelines">Version of the guidelines that are shown there; null where there are none.</param>
/// <param name="Foreign">Records that are none of the set's questions.</param>
sealed record ToolReading(string Place, string? Guidelines, IReadOnlyList<ToolAnswer> Answers, int Foreign)
{
    /// <summary>
    /// The answers that count of each question: of each labeler the newest, of the labelers those who answered first, at most so many.
    /// </summary>
    public ILookup<string, Judgement> Count(ToolSet set, int judgementsPerQuestion)
    {
        var shown = set.Questions.ToDictionary(q => q.Pair);
        return Answers.Where(a => shown.ContainsKey(a.Pair)).GroupBy(a => a.Pair)
            .SelectMany(pair => pair.GroupBy(a => a.Labeler)
                .OrderBy(l => l.Min(a => a.GivenAt)).ThenBy(l => l.Key, StringComparer.Ordinal)
                .Take(judgementsPerQuestion)
                .Select(l => JudgementOf(shown[pair.Key], l.OrderBy(a => a.ChangedAt).ThenBy(a => a.GivenAt).Last())))
            .ToLookup(j => j.ComparisonId);
    }

    Judgement JudgementOf(ShownQuestion shown, ToolAnswer answer) =>
        Judgement.Of(shown.Question.Id, answer.Labeler, LabelerKind.Person, shown.Own(answer.Choice), answer.Seconds) with { ShownFirst = shown.ShownFirst, Guidelines = Guidelines };
}
