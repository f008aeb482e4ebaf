using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Labeling;

/// <summary>
/// A question as a tool shows it, one way for all labelers, since tools cannot draw sides for each. The pair is its name there and tells nothing; which side
/// comes first is nowhere there: it follows from the request's seed and the question, and must stay so from version to version of this program.
/// </summary>
sealed record ShownQuestion(Question Question, string Pair, Side ShownFirst)
{
    public string Prompt => Clean(Question.Prompt is [{ Role: "user" } only] ? only.Text : string.Join("\n\n", Question.Prompt.Select(t => $"{t.Role}:\n{t.Text}")));

    /// <summary>What labelers see as A.</summary>
    public string First => Clean(ShownFirst == Side.A ? Question.A : Question.B);

    /// <summary>What labelers see as B.</summary>
    public string Second => Clean(ShownFirst == Side.A ? Question.B : Question.A);

    /// <summary>A choice between the shown sides, as one between the question's own.</summary>
    public Choice Own(Choice shown) => ShownFirst == Side.A ? shown : shown.Swapped();

    // PostgreSQL, behind both tools, takes no zero character in JSON.
    static string Clean(string text) => text.Replace('\0', '\uFFFD');
}

/// <summary>The questions of one axis of a request, which are one dataset or project of a tool. The name is the same whenever it is made.</summary>
sealed partial record ToolSet(string Axis, string Name, IReadOnlyList<ShownQuestion> Questions)
{
    const int LongestAxis = 20;

    public static IReadOnlyList<ToolSet> Of(LabelingRequest request) =>
        [.. request.Questions.GroupBy(q => q.Axis).Select(axis => new ToolSet(axis.Key, NameOf(request.Id, axis.Key), [.. axis.Select(q => Shown(request, q))]))];

    static ShownQuestion Shown(LabelingRequest request, Question question) => new(
        question, $"pair-{Hash(request.Id, question.Axis, question.Id)}",
        Seeds.Uniform(request.Seed, "shown first", request.Id, question.Id) < 0.5 ? Side.A : Side.B);

    // Label Studio takes at most 50 characters.
    static string NameOf(string request, string axis)
    {
        var plain = Unusual().Replace(axis.ToLowerInvariant(), "-").Trim('-');
        if (plain.Length > LongestAxis) plain = plain[..LongestAxis].Trim('-');
        return $"rlhf-{(plain.Length == 0 ? "axis" : plain)}-{Hash(request, axis)}";
    }

    static string Hash(params string[] parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\u001f', parts))))[..16];

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Unusual();
}
