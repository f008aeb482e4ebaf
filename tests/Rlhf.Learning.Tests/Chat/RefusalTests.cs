using Rlhf.Learning.Chat;

namespace Rlhf.Learning.Tests.Chat;

public class RefusalTests
{
    const string Statements = "supported are if, for, break, continue, set, macro, generation and raw.";

    [Theory]
    [InlineData("{% include 'x' %}", "the statement 'include' is not supported; " + Statements)]
    [InlineData("{% import 'x' as y %}", "the statement 'import' is not supported; " + Statements)]
    [InlineData("{% extends 'x' %}", "the statement 'extends' is not supported; " + Statements)]
    [InlineData("{% block b %}{% endblock %}", "the statement 'block' is not supported; " + Statements)]
    [InlineData("{% filter upper %}{% endfilter %}", "the statement 'filter' is not supported; " + Statements)]
    [InlineData("{% autoescape true %}{% endautoescape %}", "the statement 'autoescape' is not supported; " + Statements)]
    [InlineData("{% call m() %}{% endcall %}", "the statement 'call' is not supported; " + Statements)]
    [InlineData("{% do x.append(1) %}", "the statement 'do' is not supported; " + Statements)]
    [InlineData("{{ x.append(1) }}", "the method 'append' is not supported; supported are capitalize, endswith, get, items, join, keys, lower, lstrip, "
        + "replace, rstrip, split, splitlines, startswith, strip, title, upper, values.")]
    [InlineData("{{ lipsum() }}", "the function 'lipsum' is not supported; supported are range, namespace, dict, raise_exception, strftime_now and the template's own macros.")]
    [InlineData("{% for x in y recursive %}{% endfor %}", "'recursive' is not supported; supported are loops over items, with a condition and an else.")]
    [InlineData("{{ f(*x) }}", "arguments spread by '*' are not supported; supported are single and named ones.")]
    [InlineData("{{ 2 ** 3 }}", "the operator '**' is not supported; supported are + - * / // % ~.")]
    [InlineData("{{ loop.depth }}", "'loop.depth' is not supported; supported are index, index0, revindex, revindex0, first, last, length, previtem, nextitem.")]
    [InlineData("{{ 'a'.split(',', 1, 2) }}", "'split' takes at most 2 arguments, but 3 are given.")]
    [InlineData("{{ x | tojson(width=2) }}", "'tojson' has no argument 'width'; supported are ensure_ascii, indent, separators, sort_keys.")]
    [InlineData("{{ x | replace('a') }}", "'replace' needs its argument 'new'.")]
    [InlineData("{{ x is defined is true }}", "a test is followed by another one, where 'and' was expected between them.")]
    [InlineData("{% if x %}", "the template ends before 'endif'.")]
    [InlineData("{% endfor %}", "'endfor' stands where nothing that it belongs to is open.")]
    [InlineData("{% break %}", "'break' stands outside of a loop.")]
    [InlineData("{{ 'x", "a string is never closed.")]
    [InlineData("{{ x", "a tag is never closed by '}}'.")]
    [InlineData("{# x", "a comment begins with '{#' and never ends with '#}'.")]
    [InlineData("{% raw %}", "'raw' has no 'endraw'.")]
    [InlineData("{{ (1] }}", "']' closes nothing that is open.")]
    [InlineData("{{ 1 + }}", "an expression was expected, but '}}' stands there.")]
    [InlineData("{{ a b }}", "'}}' was expected, but 'b' stands there.")]
    [InlineData("{{ a ? b }}", "the character '?' is none of the language's.")]
    public void What_is_not_supported_is_refused_by_name_when_the_template_is_read(string source, string problem) =>
        Assert.Equal($"Chat template 't', line 2: {problem}", ChatData.ParseError("\n" + source));

    [Theory]
    [InlineData("{{ x | escape }}", "the filter 'escape' is not supported; supported are trim, upper,")]
    [InlineData("{{ x | map('escape') }}", "the filter 'escape' is not supported; supported are trim, upper,")]
    [InlineData("{{ x is escaped }}", "the test 'escaped' is not supported; supported are defined, undefined,")]
    [InlineData("{{ x | selectattr('a', 'escaped') }}", "the test 'escaped' is not supported; supported are defined, undefined,")]
    public void An_unknown_filter_or_test_is_refused_with_a_list_of_the_known_ones(string source, string problem) =>
        Assert.StartsWith($"Chat template 't', line 1: {problem}", ChatData.ParseError(source), StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ missing.x }}", "'x' is asked of 'missing', which is undefined.")]
    [InlineData("{{ messages.x.y }}", "'y' is asked of 'x', which is undefined.")]
    [InlineData("{{ 'a' + 1 }}", "'+' is not defined for a string and an integer.")]
    [InlineData("{{ 'a' + missing }}", "'+' is not defined for a string and 'missing' (undefined).")]
    [InlineData("{% for x in none %}{% endfor %}", "none cannot be looped over.")]
    [InlineData("{{ 5 | length }}", "an integer has no length.")]
    [InlineData("{{ [1] | map('string') | length }}", "an iterator has no length.")]
    [InlineData("{% set x = 1 %}{% set x.y = 2 %}", "'x.y' is set, but 'x' is no namespace.")]
    [InlineData("{% set a, b = [1] %}", "2 names are given the values of 1 items.")]
    [InlineData("{{ [1, 'x'] | sort }}", "an integer and a string have no order.")]
    [InlineData("{{ {'b': 1, 1: 2} | tojson(sort_keys=true) }}", "a string and an integer have no order.")]
    [InlineData("{{ missing | int }}", "'missing', which is undefined, is no number.")]
    [InlineData("{{ [] in {} }}", "a list is no key of a mapping; supported are strings, numbers, booleans and none.")]
    [InlineData("{{ 'x' < 1 }}", "a string and an integer have no order.")]
    [InlineData("{{ ('<' | safe) + '<' }}", "'+' is not defined for a string made by 'safe', which can only be printed, and a string.")]
    [InlineData("{{ '%s' % 1 }}", "formatting a string with '%' is not supported.")]
    [InlineData("{{ 'ß' | upper }}", "changing the case of 'ß' is not supported, since it gives several letters or depends on the letters beside it.")]
    [InlineData("{{ strftime_now('%Y') }}", "'strftime_now' asks for today's date, and none is given to the rendering.")]
    [InlineData("{% set n = namespace() %}{{ n }}", "a namespace cannot be printed.")]
    [InlineData("{{ 1 // 0 }}", "a number is divided by zero.")]
    public void What_Python_would_refuse_or_cannot_be_done_is_an_error_with_its_line(string source, string problem) =>
        Assert.Equal($"Chat template 't', line 2: {problem}", ChatData.RenderError("\n" + source));

    [Fact]
    public void A_template_refuses_a_dialogue_in_its_own_words() =>
        Assert.Equal("Chat template 't' refuses the dialogue: No place for user.",
            ChatData.RenderError("{{ raise_exception('No place for ' ~ messages[0].role ~ '.') }}", new ChatTurn("user", "")));

    [Fact]
    public void A_date_is_written_when_one_is_given()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y, %A, %-d.%-m., %j %%') }}", "t");

        Assert.Equal("07 Mar 2026, Saturday, 7.3., 066 %", template.Render([], false, ChatData.Special, new DateOnly(2026, 3, 7)).Text);
        Assert.Contains("'strftime_now' does not support '%H'",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Parse("{{ strftime_now('%H') }}", "t").Render([], false, ChatData.Special, new DateOnly(2026, 3, 7))).Message,
            StringComparison.Ordinal);
    }
}
