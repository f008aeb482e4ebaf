using System.Text.Json.Nodes;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public sealed class TokenizerJsonTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("llama3", "<|begin_of_text|>")] // its template puts one
    [InlineData("scripts", "<|begin_of_text|>")] // its configuration asks for one
    [InlineData("llama2", "<s>")]
    [InlineData("qwen2", null)]
    [InlineData("smollm", null)] // it has a bos_token, which nothing puts before a text
    [InlineData("gpt2", null)]
    public void A_text_begins_as_the_files_say(string family, string? text)
    {
        var tokenizer = Load(family);

        Assert.Equal(text is null ? [] : tokenizer.EncodeWithSpecial(text), tokenizer.Begin);
    }

    [Fact]
    public void A_flag_in_the_configuration_overrules_the_template()
    {
        RefereeInputs.Write(_folder.Path, "llama3", "small");
        Edit("tokenizer_config.json", config => config["add_bos_token"] = false);

        Assert.Null(TokenizerFolder.Load(_folder.Path).BosId);
    }

    [Fact]
    public void Padding_is_the_pad_token_or_else_what_ends_a_text()
    {
        var (qwen, llama) = (Load("qwen2"), Load("llama3"));

        Assert.Equal((int[])[qwen.PadId], qwen.EncodeWithSpecial("<|endoftext|>"));
        Assert.Equal((int[])[qwen.EosId], qwen.EncodeWithSpecial("<|im_end|>"));
        Assert.Equal(llama.EosId, llama.PadId);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("llama3")]
    [InlineData("mistral")]
    public void Only_trusted_parts_give_added_tokens(string family)
    {
        var tokenizer = Load(family);
        var marker = family == "mistral" ? "[INST]" : family == "qwen2" ? "<tool_call>" : "<|eot_id|>";
        var id = Assert.Single(tokenizer.EncodeWithSpecial(marker));

        var trusted = tokenizer.EncodeWithSpecial([new(marker, true), new($"He wrote {marker}.", false), new(marker, true)]);

        Assert.Equal(2, trusted.Count(i => i == id));
        Assert.Equal((id, id), (trusted[0], trusted[^1]));
        Assert.DoesNotContain(id, tokenizer.Encode($"{marker} {marker}"));
        Assert.DoesNotContain(id, tokenizer.EncodeWithSpecial([new(marker[..3], true), new(marker[3..], false)]));
        Assert.Equal([id], tokenizer.EncodeWithSpecial([new(marker[..3], true), new(marker[3..], true)]));
    }

    [Fact]
    public void Words_go_on_from_part_to_part()
    {
        var tokenizer = Load("llama3");

        Assert.Equal(tokenizer.Encode("the other"), tokenizer.EncodeWithSpecial([new("the ot", true), new("her", false)]));
    }

    [Fact]
    public void Special_tokens_give_no_text_and_other_added_tokens_their_own()
    {
        var tokenizer = Load("qwen2");

        Assert.Equal("a<tool_call>b", tokenizer.Decode(tokenizer.EncodeWithSpecial("<|im_start|>a<tool_call>b<|im_end|>")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void No_text_gives_a_control_token_that_the_pieces_can_spell(bool ignoreMerges)
    {
        RefereeInputs.Write(_folder.Path, "gpt2", "small");
        Edit("tokenizer.json", json =>
        {
            var the = json["model"]!["vocab"]!["Ġthe"]!.GetValue<int>();
            json["model"]!["ignore_merges"] = ignoreMerges;
            json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = the, ["content"] = "Ġthe", ["special"] = true });
        });
        var tokenizer = TokenizerFolder.Load(_folder.Path);
        var control = Assert.Single(tokenizer.EncodeWithSpecial("Ġthe"));

        Assert.DoesNotContain(control, tokenizer.Encode("on the way"));
        Assert.Equal("on the way", tokenizer.Decode(tokenizer.Encode("on the way")));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("qwen2")]
    [InlineData("llama2")]
    [InlineData("metaspace-always")]
    public void Half_a_surrogate_pair_counts_as_the_replacement_character(string family)
    {
        var tokenizer = Load(family);

        Assert.Equal(tokenizer.Encode("a\uFFFDb \uFFFD"), tokenizer.Encode("a\uD83Db \uDE00"));
        Assert.Equal(tokenizer.Encode("😀"), tokenizer.EncodeWithSpecial([new("\uD83D", true), new("\uDE00", false)]));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3")]
    [InlineData("smollm")]
    [InlineData("cased")]
    [InlineData("scripts")]
    public void Any_text_comes_back(string family)
    {
        var tokenizer = Load(family);

        Assert.All(RefereeInputs.Texts, text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))));
    }

    [Theory]
    [InlineData("llama2")]
    [InlineData("metaspace-never")]
    public void Any_text_without_the_space_mark_comes_back_after_the_beginning_of_a_text(string family)
    {
        var tokenizer = Load(family);

        Assert.All(RefereeInputs.Texts, text => Assert.Equal(text.Replace('▁', ' '), tokenizer.Decode([.. tokenizer.Begin, .. tokenizer.Encode(text)])));
    }

    [Fact]
    public void A_completion_keeps_the_space_that_joins_it_to_its_prompt()
    {
        var tokenizer = Load("llama2");

        Assert.Equal("the", tokenizer.Decode([.. tokenizer.Begin, .. tokenizer.Encode("the")]));
        Assert.Equal(" the", tokenizer.Decode(tokenizer.Encode("the")));
    }

    [Theory]
    [InlineData("gpt2", "-")]
    [InlineData("qwen2", "e\u0301")]
    [InlineData("llama3", "中")]
    [InlineData("llama2", " ")]
    [InlineData("metaspace-always", "n")]
    public async Task A_line_of_a_million_characters_takes_seconds(string family, string character)
    {
        var tokenizer = Load(family);
        var text = string.Concat(Enumerable.Repeat(character, 1_000_000 / character.Length));

        var encoding = Task.Run(() => tokenizer.Encode(text), TestContext.Current.CancellationToken);

        Assert.NotEmpty(await encoding.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void An_id_outside_of_the_vocabulary_is_refused()
    {
        foreach (var family in new[] { "gpt2", "llama2" })
        {
            var tokenizer = Load(family);

            Assert.Throws<ArgumentException>(() => tokenizer.Decode([-1]));
            Assert.Throws<ArgumentException>(() => tokenizer.Decode([tokenizer.VocabularySize]));
        }
    }

    ITokenizer Load(string family)
    {
        RefereeInputs.Write(_folder.Path, family, "small");
        return TokenizerFolder.Load(_folder.Path);
    }

    void Edit(string file, Action<JsonNode> edit)
    {
        var json = JsonNode.Parse(File.ReadAllBytes(_folder.File(file)))!;
        edit(json);
        File.WriteAllText(_folder.File(file), json.ToJsonString());
    }
}
