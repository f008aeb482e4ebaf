using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public sealed class TokenizerJsonRefusalTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gpt2", "model.type", "\"Unigram\"", "tokenizer.json has a model of type 'Unigram', but only BPE is supported")]
    [InlineData("gpt2", "model.end_of_word_suffix", "\"</w>\"", "tokenizer.json has the end_of_word_suffix '</w>', but only none is supported")]
    [InlineData("gpt2", "model.dropout", "0.1", "tokenizer.json has a dropout of 0.1, but only none is supported")]
    [InlineData("gpt2", "model.merges", "[\"a b c\"]", "the merge 'a b c' of tokenizer.json is not two pieces of its vocabulary that give a third")]
    [InlineData("gpt2", "model.merges", "[[\"a\"]]", "the merge 'a' of tokenizer.json is not two pieces of its vocabulary that give a third")]
    [InlineData("gpt2", "model.merges", "[7]", "tokenizer.json is not of the form that Hugging Face's tokenizers have")]
    [InlineData("gpt2", "model.vocab", "{}", "tokenizer.json has an empty vocabulary")]
    [InlineData("gpt2", "model.vocab", "{\"a\": 0, \"b\": 0}", "the piece 'b' has id 0, but an id of at least 0 that no other piece has was expected")]
    [InlineData("gpt2", "model.vocab", "{\"a\": -1}", "the piece 'a' has id -1, but an id of at least 0 that no other piece has was expected")]
    [InlineData("gpt2", "model.vocab", "{\"a\": 99999999999}", "tokenizer.json is not of the form that Hugging Face's tokenizers have")]
    [InlineData("gpt2", "model", "null", "tokenizer.json is not of the form that Hugging Face's tokenizers have")]
    [InlineData("gpt2", "normalizer", "{\"type\": \"Lowercase\"}",
        "tokenizer.json has a normalizer of type 'Lowercase', but only NFC, Prepend, Replace and Sequence are supported")]
    [InlineData("gpt2", "normalizer", "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \" \"}, \"content\": \"\"}",
        "tokenizer.json has a Replace normalizer with the pattern '{\"Regex\":\" \"}', but only a String of at least one character is supported")]
    [InlineData("gpt2", "normalizer", "{\"type\": \"Replace\", \"pattern\": {\"String\": \"a\"}, \"content\": \"aa\"}",
        "tokenizer.json has a Replace normalizer from 'a' to 'aa', but only one to a text that is no longer is supported")]
    [InlineData("gpt2", "normalizer", "{\"type\": \"Prepend\", \"prepend\": \"0123456789ABCDEF!\"}",
        "tokenizer.json has a Prepend normalizer of 17 characters, but only 16 are supported")]
    [InlineData("smollm", "pre_tokenizer.pretokenizers.0", "{\"type\": \"Punctuation\"}",
        "tokenizer.json has a pre-tokenizer of type 'Punctuation' with byte-level BPE, but only Split, Digits and, as the last, ByteLevel are supported")]
    [InlineData("smollm", "pre_tokenizer.pretokenizers.1.add_prefix_space", "true",
        "tokenizer.json has add_prefix_space true after other pre-tokenizers, but only false is supported")]
    [InlineData("smollm", "pre_tokenizer.pretokenizers.1", "{\"type\": \"Whitespace\"}",
        "tokenizer.json has byte_fallback false without a ByteLevel pre-tokenizer, but only one of the two is supported")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.behavior", "\"Contiguous\"",
        "tokenizer.json has a Split pre-tokenizer with the behavior 'Contiguous', but only Isolated and Removed are supported")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"a(\"", "tokenizer.json has the pattern 'a(' with '(', but a group must be closed")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"\\\\p{Han}+\"",
        @"tokenizer.json has the pattern '\p{Han}+' with '\p{Han}', but escapes are \s, \S, \d, \r, \n, \t, \f, \v, \uXXXX, \p{…} and \P{…} with a general category, and signs")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"(?i)a\"",
        "tokenizer.json has the pattern '(?i)a' with '(?i)', but groups are (?: (?= (?! (?<= (?<! (?> (?i:")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"^a\"", "tokenizer.json has the pattern '^a' with '^', but anchors are not supported")]
    [InlineData("qwen2", "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"[a-z&&[b]]\"",
        "tokenizer.json has the pattern '[a-z&&[b]]' with '&', but in a class it needs a backslash")]
    [InlineData("gpt2", "decoder", "null", "tokenizer.json has decoders of types [] with byte-level BPE, but only [ByteLevel] is supported")]
    [InlineData("gpt2", "post_processor", "{\"type\": \"BertProcessing\"}",
        "tokenizer.json has a post-processor of type 'BertProcessing', but only ByteLevel, TemplateProcessing and Sequence are supported")]
    [InlineData("gpt2", "added_tokens.0.single_word", "true", "the added token '<|endoftext|>' has single_word true, but only false is supported")]
    [InlineData("gpt2", "added_tokens.0.id", "5", "the added token '<|endoftext|>' has id 5, which does not fit the other tokens")]
    [InlineData("gpt2", "added_tokens.0.id", "2000000000", "the largest id is 2000000000, which is far too large for 857 tokens")]
    [InlineData("gpt2", "added_tokens", "[]", "the special token '<|endoftext|>' is not in tokenizer.json")]
    [InlineData("llama2", "model.byte_fallback", "false",
        "tokenizer.json has byte_fallback false without a ByteLevel pre-tokenizer, but only one of the two is supported")]
    [InlineData("gpt2", "model.byte_fallback", "true",
        "tokenizer.json has byte_fallback true with a ByteLevel pre-tokenizer, but only one of the two is supported")]
    [InlineData("mistral", "pre_tokenizer.prepend_scheme", "\"last\"",
        "tokenizer.json has a Metaspace prepend_scheme of 'last', but only first, always and never are supported")]
    [InlineData("mistral", "pre_tokenizer.replacement", "\"_\"", "tokenizer.json has a Metaspace replacement of '_', but only '▁' is supported")]
    [InlineData("llama2", "decoder", "{\"type\": \"Metaspace\"}",
        "tokenizer.json has decoders of types [Metaspace] with byte_fallback, but only [Replace, ByteFallback, Fuse] and [Replace, ByteFallback, Fuse, Strip] are supported")]
    [InlineData("llama2", "decoder.decoders.3.start", "2",
        "tokenizer.json has a Strip decoder of ' ', start 2, stop 0, but only ' ', start 1, stop 0 is supported")]
    public void What_is_not_supported_is_refused_by_name(string family, string place, string value, string sentence)
    {
        RefereeInputs.Write(_folder.Path, family, "small");
        var json = JsonNode.Parse(File.ReadAllBytes(_folder.File("tokenizer.json")))!;
        Set(json, place.Split('.'), JsonNode.Parse(value));
        File.WriteAllText(_folder.File("tokenizer.json"), json.ToJsonString());

        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

        Assert.Equal($"The tokenizer in '{_folder.Path}' is not usable: {sentence}.", error.Message.Replace("\\u0022", "\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_vocabulary_without_a_byte_is_refused()
    {
        foreach (var (family, piece) in new[] { ("qwen2", "!"), ("llama2", "<0xFF>") })
        {
            RefereeInputs.Write(_folder.Path, family, "small");
            var json = JsonNode.Parse(File.ReadAllBytes(_folder.File("tokenizer.json")))!;
            json["model"]!["vocab"]!.AsObject().Remove(piece);
            json["model"]!["merges"] = new JsonArray();
            File.WriteAllText(_folder.File("tokenizer.json"), json.ToJsonString());

            var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

            Assert.EndsWith($"the vocabulary lacks '{piece}', which stands for a byte.", error.Message);
        }
    }

    [Theory]
    [InlineData("qwen2", "tokenizer.json")]
    [InlineData("mistral", "tokenizer.json")]
    [InlineData("qwen2", "tokenizer_config.json")]
    [InlineData("llama2", "tokenizer_config.json")]
    public void A_damaged_file_is_refused_or_read_but_nothing_else(string family, string file)
    {
        RefereeInputs.Write(_folder.Path, family, "small");
        var whole = File.ReadAllBytes(_folder.File(file));
        var random = new Random(7);
        // Before the vocabulary's end, where the structure is.
        var structure = Encoding.UTF8.GetString(whole).IndexOf("\"vocab\"", StringComparison.Ordinal) is var start and >= 0 ? start + 200 : whole.Length;

        for (var i = 0; i < 300; i++)
        {
            var damaged = whole.ToArray();
            if (i % 3 == 0)
                damaged = damaged[..random.Next(damaged.Length)];
            else
                damaged[random.Next(structure)] = (byte)"0\"{}[],:nt-\\ \u0001"[random.Next(14)];
            File.WriteAllBytes(_folder.File(file), damaged);
            var error = Record.Exception(() => TokenizerFolder.Load(_folder.Path).Encode("The cat sat."));

            Assert.True(error is null or InvalidDataException, error?.ToString());
        }
    }

    [Theory]
    [InlineData("{\"chat_template\": [null]}")]
    [InlineData("{\"chat_template\": 7}")]
    [InlineData("{\"eos_token\": []}")]
    [InlineData("{\"eos_token\": {\"content\": null}}")]
    [InlineData("{\"additional_special_tokens\": [null]}")]
    [InlineData("{\"added_tokens_decoder\": {\"5\": null}}")]
    [InlineData("{\"added_tokens_decoder\": {\"five\": {\"content\": \"<x>\"}}}")]
    [InlineData("{\"added_tokens_decoder\": {\"9\": {\"content\": \"\"}}}")]
    [InlineData("{\"add_bos_token\": \"yes\"}")]
    public void An_odd_configuration_is_refused_in_one_sentence(string config)
    {
        RefereeInputs.Write(_folder.Path, "gpt2", "small");
        File.WriteAllText(_folder.File("tokenizer_config.json"), config);
        File.WriteAllText(_folder.File("config.json"), "{\"eos_token_id\": []}");

        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

        Assert.StartsWith($"The tokenizer in '{_folder.Path}' is not usable: ", error.Message);
    }

    [Fact]
    public void A_pattern_that_does_not_come_to_an_end_is_an_error()
    {
        var splitter = new WordSplitter([new(new("(a+)+b", RegexOptions.None, TimeSpan.FromMilliseconds(20)))]);

        var error = Assert.Throws<InvalidDataException>(() => splitter.Words(new string('a', 40)));

        Assert.Equal("The tokenizer's pattern '(a+)+b' takes more than 0.02 s for a word.", error.Message);
    }

    [Fact]
    public void Brackets_without_end_are_refused()
    {
        RefereeInputs.Write(_folder.Path, "gpt2", "small");
        File.WriteAllText(_folder.File("tokenizer.json"), new string('[', 1_000_000));

        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

        Assert.EndsWith("tokenizer.json is not of the form that Hugging Face's tokenizers have.", error.Message);
    }

    static void Set(JsonNode json, string[] place, JsonNode? value)
    {
        foreach (var step in place[..^1])
            json = json is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : json[step]!;
        if (json is JsonArray array)
            array[int.Parse(place[^1], System.Globalization.CultureInfo.InvariantCulture)] = value;
        else
            json[place[^1]] = value;
    }
}
