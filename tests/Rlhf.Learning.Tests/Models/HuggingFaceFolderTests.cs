using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class HuggingFaceFolderTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Saving_and_loading_gives_the_same_logits_bit_for_bit(bool tied)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Some.Model(Some.Config(tied: tied));
        HuggingFaceFolder.Save(folder.Path, model, Some.Tokenizer());

        var (loaded, tokenizer) = PolicyFolder.Load(folder.Path, Some.Device);

        var tokens = Some.Tokens(3, 20);
        Assert.Equal(Some.Values(model.Logits(model.Hidden(tokens))), Some.Values(loaded.Logits(loaded.Hidden(tokens))));
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(Some.Tokenizer().Encode(Some.Text), tokenizer.Encode(Some.Text));
        Assert.True(loaded.Parameters.RequiresGrad);
    }

    [Fact]
    public void Equal_models_give_equal_files()
    {
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();

        HuggingFaceFolder.Save(first.Path, Some.Model(seed: 5), Some.Tokenizer());
        HuggingFaceFolder.Save(second.Path, Some.Model(seed: 5), Some.Tokenizer());

        string[] files = [.. Directory.GetFiles(first.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["config.json", "generation_config.json", "merges.txt", "model.safetensors", "tokenizer_config.json", "vocab.json"], files);
        Assert.All(files, file => Assert.Equal(File.ReadAllBytes(first.File(file)), File.ReadAllBytes(second.File(file))));
    }

    [Fact]
    public void The_configuration_has_the_hubs_keys()
    {
        using var folder = new TemporaryFolder();

        HuggingFaceFolder.Save(folder.Path, Some.Model(), Some.Tokenizer());

        var config = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!;
        Assert.Equal("LlamaForCausalLM", config["architectures"]![0]!.GetValue<string>());
        Assert.Equal("llama", config["model_type"]!.GetValue<string>());
        Assert.Equal("float32", config["torch_dtype"]!.GetValue<string>());
        Assert.Equal(32, config["hidden_size"]!.GetValue<int>());
        Assert.True(config["tie_word_embeddings"]!.GetValue<bool>());
    }

    [Fact]
    public void A_model_that_gives_scores_says_what_pads_where_its_backbone_did_not()
    {
        using var folder = new TemporaryFolder();
        using var model = Some.Model(Some.Config() with { PadTokenId = null });
        using var head = ScalarHead.Random(32, 1, Some.Device);

        HuggingFaceFolder.SaveScorer(folder.Path, model, Some.Tokenizer(), head.Weights);

        var config = JsonNode.Parse(File.ReadAllText(folder.File("config.json")))!;
        Assert.Equal("LlamaForSequenceClassification", config["architectures"]![0]!.GetValue<string>());
        Assert.Equal(Some.Tokenizer().PadId, config["pad_token_id"]!.GetValue<int>());
    }

    [Fact]
    public void An_end_that_the_tokenizer_does_not_know_is_no_end()
    {
        using var folder = new TemporaryFolder();
        using var padded = Some.Model(Some.Config(vocabulary: 300));
        HuggingFaceFolder.Save(folder.Path, padded, Some.Tokenizer());
        Change(folder.File("generation_config.json"), json => json["eos_token_id"] = new JsonArray(2, 5, 299));

        using var model = PolicyFolder.Load(folder.Path, Some.Device).Model;

        Assert.Equal([2, 5], model.Config.Ends);
        Assert.Equal(270, model.Config.TokenCount);
    }

    [Fact]
    public void A_tokenizer_that_does_not_match_the_weights_is_refused_at_saving_and_loading()
    {
        using var folder = new TemporaryFolder();
        using var model = Some.Model();
        var other = Learning.Tokenizers.BpeTrainer.Train([Some.Text], 275);
        HuggingFaceFolder.Save(folder.Path, model, Some.Tokenizer());
        other.Save(folder.Path);

        var saving = Assert.Throws<InvalidDataException>(() => HuggingFaceFolder.Save(folder.Path, model, other));
        var loading = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        var sentence = $"'{folder.Path}' has a tokenizer that does not match the weights: it knows 275 tokens, but the model was made for 270.";
        Assert.Equal(sentence, saving.Message);
        Assert.Equal(sentence, loading.Message);
    }

    [Theory]
    [InlineData("model_type", "\"mamba\"", "asks for model_type \"mamba\", but this decoder only does \"llama\", \"mistral\", \"qwen2\", \"qwen3\", \"gpt2\".")]
    [InlineData("architectures", "[\"LlamaForQuestionAnswering\"]", "asks for architectures [\"LlamaForQuestionAnswering\"], but this decoder only does LlamaForCausalLM or LlamaForSequenceClassification.")]
    [InlineData("architectures", "[\"LlamaForSequenceClassification\"]", "has 2 labels, but a model that gives one number was expected.")]
    [InlineData("hidden_act", "\"gelu\"", "asks for hidden_act \"gelu\", but this decoder only does \"silu\".")]
    [InlineData("attention_bias", "true", "asks for attention_bias true, but this decoder only does false.")]
    [InlineData("rope_scaling", "{\"factor\":8}", "asks for rope_scaling {\"factor\":8}, but this decoder only does rope_type \"default\", \"linear\" or \"llama3\".")]
    [InlineData("rope_parameters", "{\"rope_type\":\"yarn\"}", "asks for rope_parameters {\"rope_type\":\"yarn\"}, but this decoder only does rope_type \"default\", \"linear\" or \"llama3\".")]
    public void A_model_that_this_decoder_would_get_wrong_is_refused(string key, string value, string sentence)
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Save(folder.Path, Some.Model(), Some.Tokenizer());
        Change(folder.File("config.json"), json => json[key] = JsonNode.Parse(value));

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.Equal($"'{folder.File("config.json")}' {sentence}", error.Message);
    }

    [Fact]
    public void The_rotary_base_is_also_read_from_where_newer_files_keep_it()
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Save(folder.Path, Some.Model(), Some.Tokenizer());
        Change(folder.File("config.json"), json =>
        {
            json.Remove("rope_theta");
            json["rope_parameters"] = JsonNode.Parse("""{"rope_theta": 500000.0, "rope_type": "default"}""");
        });

        var (model, _) = PolicyFolder.Load(folder.Path, Some.Device);

        Assert.Equal(500000, model.Config.RopeTheta);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"model_type\": \"llama\", \"hidden_size\": 8}")]
    [InlineData("{\"model_type\": \"llama\", \"hidden_size\": \"wide\"}")]
    public void A_configuration_that_cannot_be_read_is_refused(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), content);

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.StartsWith($"'{folder.File("config.json")}' is no usable model configuration: ", error.Message);
    }

    [Fact]
    public void Weights_that_are_cut_off_are_refused()
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Save(folder.Path, Some.Model(), Some.Tokenizer());
        File.WriteAllBytes(folder.File("model.safetensors"), File.ReadAllBytes(folder.File("model.safetensors"))[..^1]);

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.StartsWith("'model.safetensors' is no usable safetensors file: tensor 'model.norm.weight' lies at bytes", error.Message);
    }

    [Fact]
    public void Weights_that_do_not_fit_an_absurd_configuration_are_refused_before_anything_is_allocated()
    {
        using var folder = new TemporaryFolder();
        HuggingFaceFolder.Save(folder.Path, Some.Model(), Some.Tokenizer());
        Change(folder.File("config.json"), json => (json["intermediate_size"], json["num_hidden_layers"]) = (int.MaxValue, int.MaxValue));

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.Contains("'model.layers.0.mlp.gate_proj.weight' has shape [48, 32], but [2147483647, 32] was expected", error.Message);
    }

    [Fact]
    public void A_folder_without_a_policy_is_refused_with_what_was_expected()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.Equal(
            $"'{folder.Path}' holds no policy: a Hugging Face folder (config.json, model.safetensors, tokenizer files) "
            + "or llama2.c's files (one *.bin and one tok*.bin) were expected.",
            error.Message);
    }

    static void Change(string path, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
