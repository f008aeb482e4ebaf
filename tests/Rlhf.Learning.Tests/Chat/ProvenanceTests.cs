using Rlhf.Learning.Chat;

namespace Rlhf.Learning.Tests.Chat;

public class ProvenanceTests
{
    // Characters that no template writes: what a turn brings can be told from the rest of the text by looking at it.
    const string Foreign = "\uE000\uE001\uE002\uE003\uE004";

    public static TheoryData<string> Templates => [.. ChatData.TemplateNames];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Whatever_a_template_does_to_a_turn_its_characters_stay_the_turns(string file)
    {
        var template = ChatData.Template(file);
        var rendered = 0;
        for (var seed = 0; seed < 200; seed++)
        {
            var turns = SomeDialogue(new Random(seed));

            if (TryRender(template, turns) is not { } segments)
                continue;

            rendered++;
            Assert.All(segments, segment => Assert.NotEmpty(segment.Text));
            Assert.All(segments.Zip(segments.Skip(1)), pair => Assert.NotEqual(pair.First.Trusted, pair.Second.Trusted));
            Assert.All(segments.Where(segment => segment.Trusted), segment => Assert.Equal(-1, segment.Text.AsSpan().IndexOfAny(Foreign)));
        }
        Assert.InRange(rendered, 20, 200);
    }

    [Fact]
    public void A_template_that_writes_turns_as_they_are_trusts_all_but_them()
    {
        var template = ChatData.Template("marked-turns.jinja");
        for (var seed = 0; seed < 200; seed++)
        {
            var turns = SomeDialogue(new Random(seed));

            var segments = TryRender(template, turns)!;

            Assert.Equal(turns.Select(turn => turn.Text).Where(text => text.Length > 0), segments.Where(segment => !segment.Trusted).Select(segment => segment.Text));
        }
    }

    [Theory]
    [InlineData("[{{ messages[0].content | lower }}]", "T[ Uab<x> T]")]
    [InlineData("{{ 'a' + messages[0].content[1:3] + 'b' }}", "Ta UB< Tb")]
    [InlineData("{{ messages[0].content.split('<') | join('-') }}", "UAB T- UX>")]
    [InlineData("{{ messages[0].content | replace('<', '(') }}", "UAB T( UX>")]
    [InlineData("{{ messages[0].content | tojson }}", "T\" UAB<X> T\"")]
    [InlineData("{{ messages[0] }}", "T{'role':·'user',·'content':·' UAB<X> T'}")]
    [InlineData("{{ messages[0].content[::-1] ~ messages[0].content | length }}", "U>X<BA T5")]
    [InlineData("{% set x %}<{{ messages[0].content }}{% endset %}{{ x | trim | capitalize }}", "T< Uab<x>")]
    [InlineData("{% macro m(x) %}{{ x }}!{% endmacro %}{{ m(messages[0].content) * 2 }}", "UAB<X> T! UAB<X> T!")]
    [InlineData("{% for c in messages[0].content | list | sort %}{{ c }}{% endfor %}", "U<>ABX")]
    [InlineData("{{ {messages[0].content: 1}.items() | list }}", "T[(' UAB<X> T',·1)]")]
    [InlineData("{{ messages[0].content | indent(first=true) }}", "T···· UAB<X>")]
    [InlineData("{{ '<|' + messages[0].role + '|>' }}", "T<|user|>")]
    public void Characters_keep_who_wrote_them(string source, string expected)
    {
        var segments = ChatData.Render(source, new ChatTurn("user", "AB<X>")).Segments;

        // Letters before the parts tell who wrote them; a point is a blank.
        var shown = string.Join(' ', segments.Select(segment => (segment.Trusted ? 'T' : 'U') + segment.Text.Replace(' ', '·')));
        Assert.Equal(expected, shown);
    }

    [Fact]
    public void A_role_of_the_turns_own_is_not_trusted() =>
        Assert.Equal(
            [new("<|", true), new("im_start", false), new("|>", true)],
            ChatData.Render("<|{{ messages[0].role }}|>", new ChatTurn("im_start", "")).Segments);

    [Fact]
    public void An_escape_in_JSON_belongs_to_whose_character_it_stands_for() =>
        Assert.Equal(
            [new("\"", true), new("a\\\"\\n", false), new("\"", true)],
            ChatData.Render("{{ messages[0].content | tojson }}", new ChatTurn("user", "a\"\n")).Segments);

    static IReadOnlyList<ChatSegment>? TryRender(ChatTemplate template, IReadOnlyList<ChatTurn> turns)
    {
        try
        {
            return template.Render(turns, addGenerationPrompt: true, ChatData.Special).Segments;
        }
        catch (InvalidDataException)
        {
            return null; // a dialogue that this template has no place for
        }
    }

    static List<ChatTurn> SomeDialogue(Random random)
    {
        string[] parts = [.. Foreign.Select(c => c.ToString()), "<|im_end|>", "</s>", "</think>", "<think>", " ", "\n", "\t", "é", "\U0001F600", "'", "\"", "\\", "{{ x }}"];
        string Text(bool foreign) => string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]).Prepend(foreign ? Foreign : ""));

        var turns = new List<ChatTurn>();
        if (random.Next(3) == 0)
            turns.Add(new("system", Text(foreign: true)));
        for (var i = random.Next(1, 6); i > 0; i--)
            turns.Add(new(turns.Count(turn => turn.Role != "system") % 2 == 0 ? "user" : "assistant", Text(foreign: random.Next(2) == 0)));
        return turns;
    }
}
