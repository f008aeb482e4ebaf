using System.Text;
using Rlhf.Learning.Chat;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Prompts;

public sealed class PromptFileTests
{
    static List<string> Texts(string name, string content, PromptTake take = PromptTake.Auto) =>
        [.. PromptFile.Read(name, Encoding.UTF8.GetBytes(content), take).Select(turns => string.Join(" | ", turns.Select(t => $"{t.Role}: {t.Text}")))];

    [Fact]
    public void A_text_file_has_one_prompt_a_line() => Assert.Equal(["user: One.", "user: Two  words."], Texts("p.txt", "One.\n\nTwo  words.\n").Select(t => t.Replace("Two words", "Two  words", StringComparison.Ordinal)));

    [Fact]
    public void Of_a_JSON_array_of_texts_the_first_sentences_are_the_prompts() =>
        Assert.Equal(["user: A cat sat. ".Trim(), "user: \"Go!\""], Texts("p.json", """["A cat sat. It slept.", "\"Go!\" he said."]"""));

    [Fact]
    public void All_of_a_text_is_the_prompt_where_that_is_asked_for() =>
        Assert.Equal(["user: A cat sat. It slept."], Texts("p.json", """["A cat sat. It slept."]""", PromptTake.All));

    [Fact]
    public void Objects_with_prompt_and_chats_are_read() =>
        Assert.Equal(
            ["user: Hello there.", "system: Be brief. | user: Why?"],
            Texts("p.jsonl", "{\"prompt\":\"Hello  there.\"}\n{\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"},{\"role\":\"user\",\"content\":\"Why?\"}]}\n"));

    [Theory]
    [InlineData("p.json", "[]", "holds no prompt")]
    [InlineData("p.txt", "\n \n", "holds no prompt")]
    [InlineData("p.json", "{}", "no JSON array")]
    [InlineData("p.jsonl", "{\"prompt\":\"a\"}\n{broken\n", "line 2")]
    [InlineData("p.jsonl", "{\"question\":\"a\"}", "expected 'prompt'")]
    [InlineData("p.csv", "a,b", "expected .txt, .jsonl or .json")]
    public void A_file_that_holds_no_prompts_is_refused_with_the_place(string name, string content, string expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Texts(name, content));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_and_its_near_duplicates_are_on_one_side()
    {
        var position = PromptText.HoldOutPosition(Turn.User("A cat sat on the mat."));

        Assert.Equal(position, PromptText.HoldOutPosition(Turn.User("a cat  SAT, on the mat")));
        Assert.NotEqual(position, PromptText.HoldOutPosition(Turn.User("A dog sat on the mat.")));
    }

    [Fact]
    public void A_chat_is_refused_by_a_model_without_a_template()
    {
        var format = new ChatFormat(BpeTrainer.Train(["a cat sat"], BpeTrainer.SmallestVocabulary));

        var error = Assert.Throws<InvalidDataException>(() => PromptText.Encode(new("id", [new("system", "x"), new("user", "y")], false, ""), format, 100));

        Assert.Equal("Prompt id ('x…'): A dialogue has the turns system, user; a model without chat template takes one user turn.", error.Message);
    }
}
