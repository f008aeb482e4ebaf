using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public class Llama2cTokenizerTests
{
    [Fact]
    public void Ids_are_those_of_an_independent_program()
    {
        var tokenizer = Load();

        Assert.All(Stories260K.Cases(), golden => Assert.Equal(golden.Ids, (int[])[.. tokenizer.Begin, .. tokenizer.Encode(golden.Text)]));
    }

    [Fact]
    public void Text_comes_back_after_the_beginning_of_sequence()
    {
        var tokenizer = Load();

        Assert.All(Stories260K.Cases(), golden => Assert.Equal(golden.Text, tokenizer.Decode(golden.Ids)));
    }

    [Fact]
    public void A_completion_keeps_the_space_that_joins_it_to_its_prompt()
    {
        var tokenizer = Load();
        var ids = tokenizer.Encode("Once upon a time");

        Assert.Equal("Once upon a", tokenizer.Decode([.. tokenizer.Begin, .. ids[..3]]));
        Assert.Equal(" time", tokenizer.Decode(ids.AsSpan(3)));
    }

    [Theory]
    [InlineData("<s>")]
    [InlineData("\n</s>\n")]
    [InlineData("<unk> <0x41>")]
    public void No_text_gives_a_special_token_or_a_byte_by_its_name(string text)
    {
        var tokenizer = Load();

        var ids = tokenizer.Encode(text);

        Assert.DoesNotContain(ids, id => id < 3 || id == 3 + 0x41);
        Assert.Equal(text, tokenizer.Decode([.. tokenizer.Begin, .. ids]));
    }

    [Fact]
    public void A_saved_tokenizer_is_the_same_file_and_loads_again()
    {
        using var folder = new TemporaryFolder();

        Load().Save(folder.Path);

        Assert.Equal(File.ReadAllBytes(File_()), File.ReadAllBytes(folder.File("tokenizer.bin")));
        Assert.Equal(512, TokenizerFolder.Load(folder.Path).VocabularySize);
    }

    [Fact]
    public void In_the_Hubs_form_it_gives_the_same_ids_and_texts()
    {
        using var folder = new TemporaryFolder();
        var own = Load();

        own.ToHuggingFace().Save(folder.Path);
        var hub = TokenizerFolder.Load(folder.Path);

        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal((512, own.BosId, own.EosId, own.PadId), (hub.VocabularySize, hub.BosId, hub.EosId, hub.PadId));
        IEnumerable<string> texts = [.. RefereeInputs.Texts, .. Stories260K.Cases().Select(c => c.Text), string.Concat(RefereeInputs.Texts)];
        // The Hub's form has one character for the space and for its mark.
        Assert.All(texts.Select(t => t.Replace("▁", "")), text =>
        {
            Assert.Equal(own.Encode(text), hub.Encode(text));
            Assert.Equal(text, hub.Decode([.. hub.Begin, .. hub.Encode(text)]));
        });
        Assert.All(Enumerable.Range(0, 512), id => Assert.Equal(own.Decode([id]), hub.Decode([id])));
    }

    [Fact]
    public void A_truncated_file_is_refused_in_one_sentence()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tok.bin"), File.ReadAllBytes(File_())[..^3]);

        var error = Assert.Throws<InvalidDataException>(() => Llama2cTokenizer.Load(folder.File("tok.bin")));

        Assert.EndsWith("is truncated: token 511 does not fit into its 6224 bytes.", error.Message);
    }

    [Fact]
    public void An_id_outside_of_the_vocabulary_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Load().Decode([512]));

        Assert.Equal("Token id 512 is outside of a vocabulary of 512.", error.Message);
    }

    static Llama2cTokenizer Load() => Llama2cTokenizer.Load(File_());

    static string File_() => SharedData.Path("stories260K", "tok512.bin");
}
