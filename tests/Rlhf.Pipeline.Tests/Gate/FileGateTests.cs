using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class FileGateTests
{
    static readonly GateCriteria People = new(new());

    static JudgementLine Line(int prompt, Choice choice, string labeler = "ann", string item = "") => new(item.Length > 0 ? item : $"item-{prompt}", labeler, choice)
    {
        Line = prompt + 1,
        Prompt = Turn.User($"Prompt {prompt}"),
        CompletionA = "The challenger's text.",
        CompletionB = "The champion's.",
    };

    static List<JudgementLine> Lines(int wins, int losses) => [.. Enumerable.Range(0, wins + losses).Select(i => Line(i, i < wins ? Choice.A : Choice.BMuch))];

    static GateVerdict Decide(IReadOnlyList<JudgementLine> lines) => FileGate.Decide(new("judgements.jsonl", lines, 0, 0), People);

    [Theory]
    [InlineData(140, 60, "Promote")]
    [InlineData(60, 140, "Reject")]
    [InlineData(12, 8, "NeedMoreJudgements")]
    public void Side_a_is_the_challenger(int wins, int losses, string outcome)
    {
        var verdict = Decide(Lines(wins, losses));

        Assert.Equal((outcome, wins, losses), (verdict.Outcome, verdict.Wins, verdict.Losses));
    }

    [Fact]
    public void Items_with_the_same_prompt_are_one_observation()
    {
        var lines = Enumerable.Range(0, 30).Select(i => Line(i % 10, Choice.A, item: $"item-{i}")).ToList();

        Assert.Equal((10, 30), (Decide(lines).Prompts, Decide(lines).Judgements));
    }

    [Fact]
    public void A_labelers_second_judgement_of_an_item_does_not_count() =>
        Assert.Equal(1, Decide([Line(0, Choice.A), Line(0, Choice.B)]).Judgements);

    [Fact]
    public void Both_bad_is_a_tie() => Assert.Equal((1, 0.5), (Decide([Line(0, Choice.BothBad)]).Ties, Decide([Line(0, Choice.BothBad)]).WinRate));

    [Fact]
    public void Judgements_of_other_axes_are_not_about_this_gate() =>
        Assert.Equal(200, Decide([.. Lines(140, 60), .. Lines(0, 300).Select(l => l with { Axis = "helpfulness" })]).Judgements);

    [Fact]
    public void A_file_in_which_the_challenger_is_not_always_side_a_is_refused_by_line()
    {
        var texts = Assert.Throws<InvalidDataException>(() => Decide([Line(0, Choice.A), Line(0, Choice.B, "bob").Swapped() with { Line = 2 }]));
        var writers = Assert.Throws<InvalidDataException>(() => Decide(
            [Line(0, Choice.A) with { SourceA = "new", SourceB = "old" }, Line(1, Choice.A) with { SourceA = "old", SourceB = "new" }]));

        Assert.Equal("'judgements.jsonl', line 2: item 'item-0' has its sides in the other order than in line 1; expected the challenger as side a in every line.", texts.Message);
        Assert.Contains("'source_a' is", writers.Message, StringComparison.Ordinal);
    }
}
