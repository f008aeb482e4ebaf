using System.Reflection;
using Rlhf.Steps.Data;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;

namespace Rlhf.Steps.Tests.Judging;

public sealed class ConstitutionTests
{
    static readonly string Root = typeof(ConstitutionTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    const string Good = "# Title\n\nFor people.\n\n## one\nAxis: safety\n\nPrefer the safe one.\n\nReally.\n\n## two\n\nPrefer the other.\n";

    static Question Question(string id, string axis = "preference") => new(id, Turn.User("P"), "a", "b", axis);

    [Fact]
    public void The_shipped_constitution_has_principles_for_every_axis()
    {
        var constitution = new Constitutions([Path.Combine(Root, "workflows", "constitutions")]).Read("helpful-harmless-honest");

        Assert.InRange(constitution.Principles.Count, 8, 12);
        Assert.Equal(["helpfulness", "honesty", "safety"], constitution.Principles.Select(p => p.Axis!).Distinct());
        Assert.All(constitution.Principles, p => Assert.StartsWith(p.Text.Contains("Prefer", StringComparison.Ordinal) || p.Text.Contains("prefer", StringComparison.Ordinal) ? p.Text : "a text that says what to prefer", p.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Principles_are_read_with_their_axis_and_whole_text()
    {
        var constitution = Constitution.Parse("c", Good);

        Assert.Equal([new("one", "safety", "Prefer the safe one.\n\nReally."), new("two", null, "Prefer the other.")], constitution.Principles);
        Assert.Equal(["one"], constitution.For("safety").Select(p => p.Id));
        Assert.Equal(2, constitution.For("preference").Count);
    }

    [Fact]
    public void The_version_is_of_the_content_and_not_of_its_line_ends()
    {
        var version = Constitution.Parse("c", Good).Version;

        Assert.Matches("^[0-9a-f]{12}$", version);
        Assert.Equal(version, Constitution.Parse("other", Good.ReplaceLineEndings("\r\n")).Version);
        Assert.NotEqual(version, Constitution.Parse("c", Good + "\n").Version);
    }

    [Theory]
    [InlineData("", "line 1: it does not begin with a title; expected '# ' and a title.")]
    [InlineData("Text\n# T\n## a\n\nx", "line 1: it does not begin with a title; expected '# ' and a title.")]
    [InlineData("# T\n\nOnly words.", "line 3: the end of the file without a principle; expected sections such as '## honest'.")]
    [InlineData("# T\n## Not An Id\nx", "line 2: the heading 'Not An Id'; expected an id of 1 to 40 lowercase letters, digits and dashes.")]
    [InlineData("# T\n## a\nx\n### deeper\ny", "line 4: a heading of level 3; expected '## ' and the id of a principle.")]
    [InlineData("# T\n## a\nx\n## a\ny", "line 4: a second principle 'a'; expected each id once.")]
    [InlineData("# T\n## a\n\n## b\ny", "line 2: principle 'a' with a text of 0 characters; expected 1 to 4000.")]
    [InlineData("# T\n## a\nAxis: \ny", "line 3: 'Axis:'; expected 'Axis:' and one name.")]
    [InlineData("# T\n## a\nAxis: safety", "line 2: principle 'a' with a text of 0 characters; expected 1 to 4000.")]
    public void What_is_no_constitution_is_named_by_line(string text, string says)
    {
        var error = Assert.Throws<InvalidDataException>(() => Constitution.Parse("c", text));

        Assert.Equal($"Constitution 'c', {says}", error.Message);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("../presets/tiny")]
    [InlineData("")]
    public void A_name_that_is_none_is_refused_with_those_there_are(string name)
    {
        var error = Assert.Throws<ArgumentException>(() => new Constitutions([Path.Combine(Root, "workflows", "constitutions")]).Read(name));

        Assert.Contains("known are helpful-harmless-honest", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Principles_are_drawn_by_seed_and_question_evenly_and_without_repetition()
    {
        var constitution = Constitution.Parse("c", Good);
        var drawn = Enumerable.Range(0, 1000).Select(i => constitution.Draw(Question($"q{i}"), 2, seed: 3)).ToList();

        Assert.All(drawn, d => Assert.Equal(2, d.Distinct().Count()));
        Assert.InRange(drawn.Count(d => d[0].Id == "one"), 420, 580);
        Assert.Equal(drawn[0], constitution.Draw(Question("q0"), 2, seed: 3));
        Assert.Equal(drawn[0][0], Assert.Single(constitution.Draw(Question("q0"), 1, seed: 3)));
    }

    [Fact]
    public void More_principles_than_an_axis_has_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Constitution.Parse("c", Good).Draw(Question("q", "safety"), 2, 1));

        Assert.Contains("has 1 for the axis 'safety'; expected at least 2", error.Message, StringComparison.Ordinal);
    }
}
