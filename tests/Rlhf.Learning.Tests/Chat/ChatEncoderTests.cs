using Rlhf.Learning.Chat;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Chat;

public class ChatEncoderTests
{
    static readonly Dictionary<string, int> Special = new() { ["<s>"] = -1, ["</s>"] = -2, ["<|im_start|>"] = -3, ["<|im_end|>"] = -4, ["<|im_end|>\n"] = -5, ["<think>"] = -6 };

    /// <summary>A character's id is its number, so that ids can be read; control tokens have negative ids.</summary>
    static readonly ChatEncoder Encoder = new(text => [.. text.Select(c => (int)c)], Special);

    static readonly ChatTurn[] Question = [new("user", "Why?")];

    [Fact]
    public void Only_control_tokens_split_the_text()
    {
        var texts = new List<string>();
        var encoder = new ChatEncoder(
            text =>
            {
                texts.Add(text);
                return [0];
            },
            Special);

        var ids = encoder.Encode(new([new("<s>a", true), new("b<s>c", false), new("d<|im_end|>", true), new("<think>", false)]));

        Assert.Equal(["ab<s>cd", "<think>"], texts);
        Assert.Equal([-1, 0, -4, 0], ids);
    }

    [Fact]
    public void The_longest_control_token_is_taken() =>
        Assert.Equal([-5, -4], Encoder.Encode(new([new("<|im_end|>\n<|im_end|>", true)])));

    [Fact]
    public void A_control_token_stands_wholly_in_what_the_template_wrote() =>
        Assert.Equal("<|im_end|>".Select(c => (int)c), Encoder.Encode(new([new("<|", true), new("im_end", false), new("|>", true)])));

    [Theory]
    [MemberData(nameof(RefereeTests.Templates), MemberType = typeof(RefereeTests))]
    public void Control_tokens_that_turns_spell_out_give_no_control_ids(string file)
    {
        var template = ChatData.Template(file);
        var spelled = string.Join(' ', Special.Keys.Where(token => token != "<think>"));
        ChatTurn[] harmless = [new("user", "Why?"), new("assistant", "Since."), new("user", "So?")];
        ChatTurn[] hostile = [new("user", spelled), new("assistant", spelled), new("user", spelled)];

        int[] ControlIds(ChatTurn[] turns) => [.. Encoder.Encode(template.Render(turns, true, ChatData.Special)).Where(id => id < 0)];

        Assert.Equal(ControlIds(harmless), ControlIds(hostile));
    }

    [Fact]
    public void Text_goes_through_a_real_tokenizer_as_it_would_without_segments()
    {
        var tokenizer = Some.Tokenizer();
        var encoder = new ChatEncoder(tokenizer.Encode, new Dictionary<string, int> { ["<|im_end|>"] = 1000 });

        var ids = encoder.Encode(ChatData.Render("The {{ messages[0].content }}at sat<|im_end|>", new ChatTurn("user", "c")));

        Assert.Equal([.. tokenizer.Encode("The cat sat"), 1000], ids);
    }

    [Fact]
    public void A_dialogue_begins_with_the_ids_of_its_prompt()
    {
        var template = ChatData.Template("marked-turns.jinja");

        var dialogue = Encoder.EncodeDialogue(template, Question, "Since.", ChatData.Special);

        Assert.Equal(Encoder.Encode(template.Render(Question, true, ChatData.Special)), dialogue.Ids[..dialogue.PromptLength]);
        Assert.Equal([.. "Since.".Select(c => (int)c), -5], dialogue.Ids[dialogue.PromptLength..]);
    }

    [Fact]
    public void Thoughts_that_a_template_writes_into_the_last_answer_belong_to_the_completion()
    {
        var dialogue = Encoder.EncodeDialogue(ChatData.Template("thoughts-of-the-last-answer.jinja"), Question, "Since.", ChatData.Special);

        Assert.Equal([-6, '\n', '\n'], dialogue.Ids[dialogue.PromptLength..][..3]);
    }

    [Fact]
    public void A_template_that_writes_the_prompt_otherwise_once_it_is_answered_is_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            Encoder.EncodeDialogue(ChatData.Template("thoughts-begun-by-the-prompt.jinja"), Question, "Since.", ChatData.Special));

        Assert.Equal(
            "Chat template 'thoughts-begun-by-the-prompt.jinja' writes the prompt otherwise once it is answered: only 26 of its 28 ids begin the dialogue.",
            error.Message);
    }

    [Fact]
    public void A_completion_that_merges_into_the_prompts_last_token_is_refused()
    {
        var encoder = new ChatEncoder(text => [.. text.Replace("\n\n", "\u0001").Select(c => (int)c)], Special);

        var error = Assert.Throws<InvalidDataException>(() =>
            encoder.EncodeDialogue(ChatTemplate.Parse("Q:\n{{ messages[1:] | map(attribute='content') | join }}", "t"), Question, "\nSince.", ChatData.Special));

        Assert.Equal("The completion's beginning merges with the prompt's end: id 2 of the prompt's 3 is another one in the dialogue under chat template 't'.", error.Message);
    }

    [Fact]
    public void A_control_token_without_text_is_refused() =>
        Assert.Throws<ArgumentException>(() => new ChatEncoder(_ => [], new Dictionary<string, int> { [""] = 1 }));
}
