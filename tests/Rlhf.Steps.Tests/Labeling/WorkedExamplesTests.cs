using System.Reflection;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Steps.Tests.Labeling;

/// <summary>Examples of guidelines that are whole questions can be asked; the others are prose; half ones are refused.</summary>
public sealed class WorkedExamplesTests
{
    static readonly string Root = typeof(WorkedExamplesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    const string Whole = "### One\n\n> P\n\n- A: \"x\"\n- B: y\n\n**A better.** Because.\n";

    static IReadOnlyList<WorkedExample> Read(string section) => WorkedExamples.Of(new("helpfulness", "v", $"# Choose\n\n## Worked examples\n\n{section}"));

    [Fact]
    public void The_products_guidelines_have_at_least_three_that_can_be_asked()
    {
        var examples = WorkedExamples.Of(new GuidelinesFiles([Path.Combine(Root, "workflows", "guidelines")]).Find("preference")!);

        Assert.True(examples.Count >= 3);
        Assert.Contains(examples, e => e is { Prompt: "How many legs has a spider?", A: "A spider has eight legs.", Verdict: Choice.AMuch, Also: [], Reason: "A much better. B is longer and livelier, and wrong twice." });
        Assert.Contains(examples, e => e.Verdict.Side() == Side.B);
        Assert.Contains(examples, e => e is { Verdict: Choice.Tie, Also: [Choice.ASlight, Choice.BSlight], Prompt: "Continue: \"The door creaked, and\"" });
    }

    [Theory]
    [InlineData("preference")]
    [InlineData("helpfulness")]
    [InlineData("safety")]
    public void Each_axis_that_the_products_workflows_ask_by_has_examples_for_either_side(string axis)
    {
        var examples = WorkedExamples.Of(new GuidelinesFiles([Path.Combine(Root, "workflows", "guidelines")]).Find(axis)!);

        Assert.True(examples.Count >= 3);
        Assert.Equal([Side.A, Side.B], examples.Select(e => e.Verdict.Side()).Where(s => s != Side.Tie).Distinct().Order());
    }

    [Fact]
    public void Texts_may_have_several_lines_and_only_the_section_is_read_and_prose_is_left_alone()
    {
        var examples = Read(
            """
            A word before.

            ### Long

            > First line
            >
            > Second line

            - A: One
              two

              three "quoted"
            - B: "He said "no"."

            **Tie, or A better.** Why
            not.

            ```
            ### Not a heading
            ```

            ### Prose

            > A quotation

            The finished one is **slightly better**.

            ## Later

            ### Elsewhere

            - A: no prompt
            """.ReplaceLineEndings("\n"));

        var example = Assert.Single(examples);
        Assert.Equal(("Long", "First line\n\nSecond line", "One\ntwo\n\nthree \"quoted\"", "\"He said \"no\".\""), (example.Title, example.Prompt, example.A, example.B));
        Assert.Equal([Choice.A, Choice.ASlight], example.Also);
        Assert.StartsWith("Tie, or A better. Why not.", example.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("**A much better.**", "a_much,a,a_slight")]
    [InlineData("**B slightly better**", "b_slight,b,b_much")]
    [InlineData("**Tie.**", "tie,both_bad")]
    [InlineData("**Both bad.**", "tie,both_bad")]
    [InlineData("**Tie**, or slightly better for the one that you like", "a_slight,tie,b_slight,both_bad")]
    [InlineData("**B better, or tie.**", "tie,b_slight,b,b_much,both_bad")]
    public void Right_is_the_verdicts_side_and_what_passes_besides(string verdict, string right)
    {
        var example = Assert.Single(Read(Whole.Replace("**A better.**", verdict, StringComparison.Ordinal)));

        Assert.Equal(right.Split(',').Order(StringComparer.Ordinal), Enum.GetValues<Choice>().Where(example.IsRight).Select(c => c.Text()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("- B: y\n", "", "line 5: the worked example 'One' has no side B; expected a prompt")]
    [InlineData("- A: \"x\"\n", "", "line 5: the worked example 'One' has no side A;")]
    [InlineData("> P\n", "", "line 5: the worked example 'One' has no prompt;")]
    [InlineData("y", "", "line 5: the worked example 'One' has an empty side B;")]
    [InlineData("\"x\"", "y", "line 5: the worked example 'One' has two sides that are the same;")]
    [InlineData("**A better.** Because.", "", "line 5: the worked example 'One' has no verdict;")]
    [InlineData("**A better.**", "A better.", "line 12: the worked example 'One' has the verdict 'A better. Because.'; expected one that begins with '**A much better**'")]
    [InlineData("A better", "Tied", "line 12: the worked example 'One' has the verdict '**Tied.** Because.'")]
    [InlineData("A better.", "A better, or so.", "line 12: the worked example 'One' has the verdict '**A better, or so.** Because.'")]
    [InlineData("- B: y", "- B: y\n- A: z", "line 11: the worked example 'One' has a second side A;")]
    public void Half_an_example_is_refused_by_file_line_and_what_was_expected(string part, string instead, string sentence)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(Whole.Replace(part, instead, StringComparison.Ordinal)));

        Assert.StartsWith($"'helpfulness.md', {sentence}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_examples_of_one_heading_are_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() => Read($"{Whole}\n{Whole}"));

        Assert.Equal("'helpfulness.md', line 14: a second worked example 'One'; expected each heading once.", error.Message);
    }
}
