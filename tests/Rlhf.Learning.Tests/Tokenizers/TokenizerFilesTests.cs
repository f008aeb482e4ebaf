using System.Text.Json.Nodes;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

public sealed class TokenizerFilesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_saved_tokenizer_is_the_files_that_were_read()
    {
        using var saved = new TemporaryFolder();
        RefereeInputs.Write(_folder.Path, "qwen2", "small");
        File.WriteAllText(_folder.File("chat_template.jinja"), "{{ messages }}\n");
        File.WriteAllText(_folder.File("special_tokens_map.json"), "{}");
        File.WriteAllText(_folder.File("README.md"), "not the tokenizer's");

        TokenizerFolder.Load(_folder.Path).Save(saved.Path);

        Assert.Equal(
            ["chat_template.jinja", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"],
            Directory.GetFiles(saved.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(saved.Path), file => Assert.Equal(File.ReadAllBytes(_folder.File(Path.GetFileName(file))), File.ReadAllBytes(file)));
        Assert.Equal("{{ messages }}\n", TokenizerFolder.Load(saved.Path).ChatTemplate);
    }

    [Theory]
    [InlineData("\"{{ a }}\"", "{{ a }}")]
    [InlineData("[{\"name\": \"tool_use\", \"template\": \"t\"}, {\"name\": \"default\", \"template\": \"d\"}]", "d")]
    [InlineData("[{\"name\": \"tool_use\", \"template\": \"t\"}]", null)]
    [InlineData("null", null)]
    public void The_chat_template_is_the_configurations(string json, string? template)
    {
        Some.Tokenizer().Save(_folder.Path);
        EditConfig(config => config["chat_template"] = JsonNode.Parse(json));

        var tokenizer = TokenizerFolder.Load(_folder.Path);

        Assert.Equal(template, tokenizer.ChatTemplate);
        Assert.Equal("<eos>", tokenizer.SpecialTexts["eos_token"]);
    }

    [Fact]
    public void Special_texts_are_those_that_the_files_name()
    {
        RefereeInputs.Write(_folder.Path, "llama2", "small");

        var texts = TokenizerFolder.Load(_folder.Path).SpecialTexts;

        Assert.Equal(
            [("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>")],
            texts.Select(t => (t.Key, t.Value)).OrderBy(t => t.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Without_a_configuration_the_models_ids_are_taken_and_named_when_saved()
    {
        using var saved = new TemporaryFolder();
        Some.Tokenizer().Save(_folder.Path);
        File.Delete(_folder.File("tokenizer_config.json"));
        File.WriteAllText(_folder.File("config.json"), "{\"eos_token_id\": [2, 0], \"bos_token_id\": 1, \"pad_token_id\": null}");

        TokenizerFolder.Load(_folder.Path).Save(saved.Path);
        var tokenizer = TokenizerFolder.Load(saved.Path);

        Assert.Equal((1, 2, 2), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal(
            ["merges.txt", "tokenizer_config.json", "vocab.json"],
            Directory.GetFiles(saved.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tokenizer_json_takes_the_models_ids_too()
    {
        RefereeInputs.Write(_folder.Path, "gpt2", "small");
        File.WriteAllText(_folder.File("tokenizer_config.json"), "{\"model_max_length\": 1024}");
        File.WriteAllText(_folder.File("generation_config.json"), "{\"eos_token_id\": 856}");

        var tokenizer = TokenizerFolder.Load(_folder.Path);

        Assert.Equal((856, "<|endoftext|>"), (tokenizer.EosId, tokenizer.SpecialTexts["eos_token"]));
    }

    [Fact]
    public void Tokens_of_the_configuration_are_added_to_those_of_the_vocabulary()
    {
        Some.Tokenizer().Save(_folder.Path);
        EditConfig(config => config["added_tokens_decoder"] = JsonNode.Parse("{\"270\": {\"content\": \"<|user|>\", \"special\": true}}"));

        var tokenizer = TokenizerFolder.Load(_folder.Path);

        Assert.Equal(271, tokenizer.VocabularySize);
        Assert.Equal([270], tokenizer.EncodeWithSpecial("<|user|>"));
        Assert.Equal([2], tokenizer.EncodeWithSpecial("<eos>"));
    }

    [Theory]
    [InlineData("{\"tokenizer_class\": \"Qwen2Tokenizer\", \"eos_token\": \"<eos>\"}",
        "tokenizer_config.json has the class 'Qwen2Tokenizer', but without tokenizer.json only GPT2Tokenizer and GPT2TokenizerFast are supported")]
    [InlineData("{\"add_prefix_space\": true, \"eos_token\": \"<eos>\"}",
        "tokenizer_config.json has add_prefix_space true, but without tokenizer.json only false is supported")]
    [InlineData("{\"eos_token\": \"<eos>\", \"eos_token\": \"<pad>\"}", "tokenizer_config.json is no JSON object with token names")]
    [InlineData("{\"eos_token\": \"<eos>\", \"added_tokens_decoder\": {\"999999999\": {\"content\": \"<x>\"}}}",
        "the largest id is 999999999, which is far too large for 272 tokens")]
    [InlineData("{\"eos_token\": \"<eos>\", \"added_tokens_decoder\": {\"7\": {\"content\": \"x\"}}}",
        "the added token 'x' has id 7, which does not fit the other tokens")]
    public void A_configuration_that_the_vocabulary_cannot_follow_is_refused(string config, string sentence)
    {
        Some.Tokenizer().Save(_folder.Path);
        File.WriteAllText(_folder.File("tokenizer_config.json"), config);

        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

        Assert.Equal($"The tokenizer in '{_folder.Path}' is not usable: {sentence}.", error.Message);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_refused()
    {
        var error = Assert.Throws<InvalidDataException>(() => TokenizerFolder.Load(_folder.Path));

        Assert.Equal($"'{_folder.Path}' has no tokenizer: tokenizer.json, or vocab.json with merges.txt, or tokenizer.bin were expected.", error.Message);
    }

    void EditConfig(Action<JsonNode> edit)
    {
        var json = JsonNode.Parse(File.ReadAllBytes(_folder.File("tokenizer_config.json")))!;
        edit(json);
        File.WriteAllText(_folder.File("tokenizer_config.json"), json.ToJsonString());
    }
}
