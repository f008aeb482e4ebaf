using System.Text;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public class ByteLevelBpeTokenizerTests
{
    // Ids as GPT-2's own encoder gives them.
    [Theory]
    [InlineData("Hello world", new[] { 15496, 995 })]
    [InlineData(" Hello  world", new[] { 18435, 220, 995 })]
    [InlineData("I've got 3 apples, don't you?", new[] { 40, 1053, 1392, 513, 22514, 11, 836, 470, 345, 30 })]
    [InlineData("naïve café\n", new[] { 2616, 38776, 40304, 198 })]
    [InlineData("", new int[0])]
    public void Gpt2s_files_give_gpt2s_ids(string text, int[] ids)
    {
        var tokenizer = Gpt2();

        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Fact]
    public void Any_text_round_trips()
    {
        var (small, gpt2) = (Some.Tokenizer(), Gpt2());
        string[] texts =
        [
            "The cat", "  leading and trailing  ", "tabs\tand\r\nlines\n\n\n", "Ünïcode ☃ 漢字 العربية",
            "👩‍👩‍👧‍👦 𝔘𝔫𝔦 🇩🇪", "\u0000\u0001\u007f\u0080\u00a0\u00ad\u2028\ufeff",
            "<pad><bos><eos><|endoftext|>", "e\u0301 \ud83d\ude00", new string(' ', 100),
            string.Concat(Enumerable.Range(1, 3000).Where(c => c is < 0xD800).Select(c => (char)c)),
        ];

        Assert.All(texts, text => Assert.Equal(text, small.Decode(small.Encode(text))));
        Assert.All(texts, text => Assert.Equal(text, gpt2.Decode(gpt2.Encode(text))));
    }

    [Theory]
    [InlineData("<bos>")]
    [InlineData("a <eos> b<pad>")]
    public void No_text_gives_a_special_token(string text)
    {
        var tokenizer = BpeTrainer.Train([Some.Text, "<bos><eos><pad> <bos> <eos> <pad> <bos><eos><pad>"], 280);

        var ids = tokenizer.Encode(text);

        Assert.DoesNotContain(ids, id => id == tokenizer.BosId || id == tokenizer.EosId || id == tokenizer.PadId);
        Assert.Equal(text, tokenizer.Decode(ids));
    }

    [Fact]
    public void Special_tokens_give_no_text()
    {
        var tokenizer = Some.Tokenizer();

        var text = tokenizer.Decode([.. tokenizer.Begin, .. tokenizer.Encode("cat"), tokenizer.EosId, tokenizer.PadId]);

        Assert.Equal("cat", text);
    }

    [Fact]
    public void A_saved_tokenizer_loads_again_and_saves_the_same_bytes()
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();
        Some.Tokenizer().Save(first.Path);

        var loaded = (ByteLevelBpeTokenizer)TokenizerFolder.Load(first.Path);
        loaded.Save(second.Path);

        Assert.Equal(Some.Tokenizer().Encode(Some.Text), loaded.Encode(Some.Text));
        Assert.Equal((1, 2, 0), (loaded.BosId, loaded.EosId, loaded.PadId));
        Assert.All(Directory.GetFiles(first.Path), file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(second.File(Path.GetFileName(file)))));
    }

    [Theory]
    [InlineData("vocab.json", "{", "vocab.json is no JSON object of pieces and ids")]
    [InlineData("vocab.json", "{\"a\": 7}", "the 1 ids of vocab.json are not 0 to 0")]
    [InlineData("merges.txt", "a b c\n", "the merge 'a b c' of merges.txt is not two pieces of vocab.json that give a third")]
    [InlineData("merges.txt", "a zzz\n", "the merge 'a zzz' of merges.txt is not two pieces of vocab.json that give a third")]
    [InlineData("tokenizer_config.json", "[]", "tokenizer_config.json is no JSON object with token names")]
    [InlineData("tokenizer_config.json", "{}", "tokenizer_config.json names no eos_token, and neither generation_config.json nor config.json gives an eos_token_id")]
    [InlineData("tokenizer_config.json", "{\"eos_token\": \"</s>\"}", "the special token '</s>' is not in vocab.json")]
    [InlineData("merges.txt", null, "merges.txt is missing")]
    public void A_damaged_file_is_refused_in_one_sentence(string file, string? content, string sentence)
    {
        using var folder = new TemporaryFolder();
        Some.Tokenizer().Save(folder.Path);
        if (content is null)
            File.Delete(folder.File(file));
        else
            File.WriteAllText(folder.File(file), content);

        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(folder.Path));

        Assert.Equal($"The tokenizer in '{folder.Path}' is not usable: {sentence}.", error.Message);
    }

    static ByteLevelBpeTokenizer Gpt2() => new(BpeFiles.Read(SharedData.Path("gpt2-tokenizer"), new("<|endoftext|>", "<|endoftext|>", "<|endoftext|>")));
}
