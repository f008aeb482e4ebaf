using System.Text.Json;
using Rlhf.Learning.Models;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

public class Llama2cFileTests
{
    // As llama2.c's documentation prints it.
    const string GoldenText =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She "
        + "wanted to play with it, but it was too high.\nLily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. "
        + "She said, \"I want to play with your ball, but I can't find it.\"\nLily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I "
        + "didn't know what to do.\"\nLily didn't want to help her mom, so she said, \"I'm sorry, mom. I didn't know what to do.\" Her mom said, "
        + "\"Don't worry, Lily. We can help you.";

    [Fact]
    public void Greedy_decoding_of_stories260K_gives_the_published_text_character_for_character()
    {
        var (model, tokenizer) = Stories260K.Load();
        using var step = new DecoderStep(model, slots: 1);
        var sampler = new Sampler(step, new() { Temperature = 0, MaxNewTokens = 300 }, seed: 0, [tokenizer.EosId]);

        var completion = sampler.Run([new(tokenizer.Begin, 0)], cancellationToken: TestContext.Current.CancellationToken).Single();

        Assert.StartsWith(GoldenText, tokenizer.Decode(completion.Sequence));
    }

    [Fact]
    public void Exported_as_a_Hugging_Face_folder_and_read_again_it_writes_the_same_text_and_has_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        var (original, originalTokenizer) = Stories260K.Load();
        HuggingFaceFolder.Save(folder.Path, original, originalTokenizer);

        var (model, tokenizer) = PolicyFolder.Load(folder.Path, Some.Device);
        using var step = new DecoderStep(model, slots: 1);
        var sampler = new Sampler(step, new() { Temperature = 0, MaxNewTokens = 300 }, seed: 0, model.Config.Ends);
        var completion = sampler.Run([new([1], 0)], cancellationToken: TestContext.Current.CancellationToken).Single();

        Assert.StartsWith(GoldenText, tokenizer.Decode(completion.Sequence));
        Assert.Equal(Some.Values(original.Parameters.Flat), Some.Values(model.Parameters.Flat));
        Assert.Equal(original.Config with { BosTokenId = model.Config.BosTokenId }, model.Config);
        Assert.True(File.Exists(folder.File("tokenizer.json")));
        Assert.False(File.Exists(folder.File("tokenizer.bin")));
    }

    [Fact]
    public void Sampled_stories_end_with_the_tokenizers_end_of_sequence()
    {
        var (model, tokenizer) = Stories260K.Load();
        using var step = new DecoderStep(model, slots: 8);
        var sampler = new Sampler(step, new() { Temperature = 0.8, MaxNewTokens = 450 }, seed: 0, [tokenizer.EosId]);

        SampleRequest[] requests = [.. Enumerable.Range(0, 8).Select(i => new SampleRequest(tokenizer.Begin, 1, i))];
        var completions = sampler.Run(requests, cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(completions.Count(c => c.Finished) >= 5);
        Assert.All(completions.Where(c => c.Finished), c => Assert.Matches("[.!?\"]$", tokenizer.Decode(c.Sequence).TrimEnd()));
    }

    [Fact]
    public void Log_probabilities_and_logits_agree_with_an_independent_float64_program()
    {
        using var scope = NewDisposeScope();
        var (model, _) = Stories260K.Load();

        foreach (var golden in Stories260K.Cases())
        {
            var tokens = tensor(golden.Ids, ScalarType.Int64, Some.Device).unsqueeze(0);
            var logits = model.Logits(model.Hidden(tokens))[0];
            var logprobs = logits.log_softmax(-1)[..^1].gather(1, tokens[0, 1..].unsqueeze(1)).squeeze(1);

            Assert.All(Some.Values(logprobs).Zip(golden.Logprobs), p => Assert.Equal(p.Second, p.First, 1e-4));
            Assert.All(Some.Values(logits[^1]).Zip(golden.LastLogits), p => Assert.Equal(p.Second, p.First, 1e-4));
        }
    }

    [Fact]
    public void The_mean_negative_log_likelihood_of_twenty_real_stories_is_the_known_one()
    {
        using var scope = NewDisposeScope();
        var (model, tokenizer) = Stories260K.Load();
        var stories = JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(SharedData.Path("tinystories", "tinystories_1000.json")))!;

        var (sum, count) = (0.0, 0);
        foreach (var story in stories.Take(20))
        {
            using var inner = NewDisposeScope();
            int[] ids = [.. tokenizer.Begin.Concat(tokenizer.Encode(story)).Take(512)];
            var tokens = tensor(ids, ScalarType.Int64, Some.Device).unsqueeze(0);
            var loss = nn.functional.cross_entropy(model.Logits(model.Hidden(tokens[.., ..^1]))[0], tokens[0, 1..], reduction: nn.Reduction.Sum);
            sum += loss.ToDouble();
            count += ids.Length - 1;
        }

        Assert.Equal(6560, count);
        Assert.Equal(1.334381, sum / count, 1e-5);
    }

    [Theory]
    [InlineData(-1, "is truncated: it has 1056539 bytes, but its header asks for 1056540.")]
    [InlineData(-1056520, "is truncated: it has 20 bytes, but a header of 28 was expected.")]
    [InlineData(4, "is too long: it has 1056544 bytes, but its header asks for 1056540.")]
    public void A_file_of_the_wrong_length_is_refused_in_one_sentence(int change, string sentence)
    {
        using var folder = Copy(bytes =>
        {
            Array.Resize(ref bytes, bytes.Length + change);
            return bytes;
        });

        var error = Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));

        Assert.Equal($"'{folder.File("stories260K.bin")}' {sentence}", error.Message);
    }

    [Theory]
    [InlineData(0, int.MaxValue)]
    [InlineData(2, -5)]
    [InlineData(2, int.MaxValue)]
    [InlineData(5, int.MinValue)]
    [InlineData(6, int.MaxValue)]
    public void An_absurd_header_is_refused_before_anything_is_allocated(int field, int value)
    {
        using var folder = Copy(bytes =>
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(4 * field), value);
            return bytes;
        });

        Assert.Throws<InvalidDataException>(() => PolicyFolder.Load(folder.Path, Some.Device));
    }

    [Fact]
    public void A_model_of_llama2c_saved_as_a_hugging_face_folder_gives_the_same_logits_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (model, tokenizer) = Stories260K.Load();
        HuggingFaceFolder.Save(folder.Path, model, tokenizer);

        var (loaded, loadedTokenizer) = PolicyFolder.Load(folder.Path, Some.Device);

        var tokens = Some.Tokens(2, 40, 512);
        Assert.Equal(Some.Values(model.Logits(model.Hidden(tokens))), Some.Values(loaded.Logits(loaded.Hidden(tokens))));
        Assert.Equal(tokenizer.Encode("A tale."), loadedTokenizer.Encode("A tale."));
    }

    static TemporaryFolder Copy(Func<byte[], byte[]> damage)
    {
        var source = Stories260K.Folder;
        var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("tok512.bin"), File.ReadAllBytes(Path.Combine(source, "tok512.bin")));
        File.WriteAllBytes(folder.File("stories260K.bin"), damage(File.ReadAllBytes(Path.Combine(source, "stories260K.bin"))));
        return folder;
    }
}
