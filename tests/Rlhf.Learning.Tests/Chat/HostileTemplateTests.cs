namespace Rlhf.Learning.Tests.Chat;

public class HostileTemplateTests
{
    const string TooMuch = "the template takes more than 16000000 steps and characters.";
    const string TooDeep = "the template nests calls or values more than 200 deep.";

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}", TooMuch)]
    [InlineData("{% set n = namespace(x='a') %}{% for i in range(100) %}{% set n.x = n.x + n.x %}{% endfor %}", TooMuch)]
    [InlineData("{{ 'a' * 1000000000000 }}", TooMuch)]
    [InlineData("{% set b = 'a' * 1000000 %}{{ b | replace('a', b) }}", TooMuch)]
    [InlineData("{% set b = 'a' * 1000000 %}{% set c = b[:500000] + 'b' %}{% for i in range(100000) %}{% if c in b %}{% endif %}{% endfor %}", TooMuch)]
    [InlineData("{% set b = 'a' * 1000000 %}{% set d = {b: 1} %}{% for i in range(100000) %}{% if d[b] %}{% endif %}{% endfor %}", TooMuch)]
    [InlineData("{% set n = namespace(x=[1]) %}{% for i in range(40) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}", TooMuch)]
    [InlineData("{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x | tojson }}", TooDeep)]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", TooDeep)]
    [InlineData("{{ range(1000000000000) }}", "'range' gives 1000000000000 numbers; supported are up to 100000.")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "'+' gives an integer of more than 64 bits.")]
    public void A_template_that_would_not_end_or_fit_ends_in_a_sentence(string source, string problem) =>
        Assert.Equal($"Chat template 't', line 1: {problem}", ChatData.RenderError(source));

    [Theory]
    [InlineData("{{ ", "(", "1", ")", " }}", "an expression nests more than 50 deep.")]
    [InlineData("{{ ", "[", "1", "]", " }}", "an expression nests more than 50 deep.")]
    [InlineData("{{ ", "not ", "1", "", " }}", "an expression nests more than 50 deep.")]
    [InlineData("{{ ", "-", "1", "", " }}", "an expression nests more than 50 deep.")]
    [InlineData("{{ ", "1 if 1 else ", "1", "", " }}", "an expression nests more than 50 deep.")]
    [InlineData("{{ ", "1 + ", "1", "", " }}", "an expression has a chain of more than 100 parts.")]
    [InlineData("{{ ", "", "x", ".y", " }}", "an expression has a chain of more than 100 parts.")]
    [InlineData("{{ ", "", "x", " | trim", " }}", "an expression has a chain of more than 100 parts.")]
    [InlineData("", "{% if 1 %}", "", "{% endif %}", "", "statements nest more than 50 deep.")]
    [InlineData("", "{% macro m() %}", "", "{% endmacro %}", "", "statements nest more than 50 deep.")]
    public void Nesting_is_bounded_when_a_template_is_read(string before, string open, string middle, string close, string after, string problem)
    {
        static string Many(string part) => string.Concat(Enumerable.Repeat(part, 20_000));

        Assert.Equal($"Chat template 't', line 1: {problem}", ChatData.ParseError(before + Many(open) + middle + Many(close) + after));
    }

    [Fact]
    public void A_template_has_a_largest_length() =>
        Assert.Equal("Chat template 't' has 1048577 characters; supported are up to 1048576.", ChatData.ParseError(new string('x', 1048577)));
}
