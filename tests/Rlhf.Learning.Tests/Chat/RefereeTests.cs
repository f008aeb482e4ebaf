namespace Rlhf.Learning.Tests.Chat;

public class RefereeTests
{
    public static TheoryData<string> Templates => [.. ChatData.TemplateNames];

    public static TheoryData<string, string> Expressions => [.. ChatData.Read<string[][]>("expressions.json").Select(row => (row[0], row[1]))];

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_template_renders_every_dialogue_as_another_interpreter_does(string file)
    {
        var template = ChatData.Template(file);
        var expected = ChatData.Read<Dictionary<string, string?[][]>>("expected.json")[file];

        string? Render(int dialogue, bool prompt)
        {
            try
            {
                return template.Render(ChatData.Dialogues[dialogue], prompt, ChatData.Special).Text;
            }
            catch (InvalidDataException)
            {
                return null; // as the other interpreter writes down a refusal
            }
        }

        Assert.Equal(ChatData.Dialogues.Count, expected.Length);
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(dialogue => new[] { Render(dialogue, false), Render(dialogue, true) }));
    }

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_expression_gives_what_Python_gives(string source, string expected) =>
        Assert.Equal(expected, ChatData.Render(source, ChatData.Dialogues[3]).Text);
}
