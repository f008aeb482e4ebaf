using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Sampling;

public class SamplerTests
{
    static readonly SamplingHParams Ten = new() { MaxNewTokens = 10 };

    [Fact]
    public void A_policy_that_says_previous_token_plus_one_is_followed_to_the_end_of_sequence()
    {
        var model = new CountingModel(slots: 2, length: 32, vocabulary: 20);

        var completions = Run(
            model, Ten, eosId: 9, new SampleRequest([3], 1), new SampleRequest([1, 2, 5], 2), new SampleRequest([9, 8], 3), new SampleRequest([0], 4));

        Assert.Equal([3, 4, 5, 6, 7, 8, 9], completions[0].Sequence);
        Assert.Equal([6, 7, 8, 9], completions[1].Completion);
        Assert.Equal([9, 8, 9], completions[2].Sequence);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], completions[3].Completion);
        Assert.All(completions, c => Assert.True(c.Finished));
    }

    [Fact]
    public void A_completion_that_does_not_end_is_cut_and_says_so()
    {
        var model = new CountingModel(slots: 3, length: 8, vocabulary: 50);

        var completions = Run(model, new() { MaxNewTokens = 5 }, eosId: 49, new SampleRequest([10], 1), new SampleRequest([1, 2, 3, 4, 20], 2));

        Assert.Equal([11, 12, 13, 14, 15], completions[0].Completion);
        Assert.Equal([1, 2, 3, 4, 20, 21, 22, 23], completions[1].Sequence); // the context's end
        Assert.All(completions, c => Assert.False(c.Finished));
    }

    [Fact]
    public void A_free_slot_takes_the_next_request_at_once()
    {
        var model = new CountingModel(slots: 2, length: 32, vocabulary: 20);

        // One long and three short completions: the short ones share a slot.
        Run(model, Ten, eosId: 9, new SampleRequest([1], 1), new SampleRequest([7], 2), new SampleRequest([6], 3), new SampleRequest([7], 4));

        Assert.Equal(8, model.Steps);
    }

    [Fact]
    public void Completions_are_reported_as_they_finish_and_returned_in_the_order_of_the_requests()
    {
        var reported = new List<int>();
        var sampler = new Sampler(new CountingModel(2, 32, 20), Ten, seed: 1, ends: [9]);

        var completions = sampler.Run(
            [new([2], 1), new([7], 2), new([8], 3)], (index, _) => reported.Add(index), TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, 0], reported);
        Assert.Equal([7, 2, 1], completions.Select(c => c.Completion.Length));
    }

    [Fact]
    public void The_end_of_sequence_does_not_come_before_the_fewest_new_tokens()
    {
        var model = new CountingModel(slots: 1, length: 32, vocabulary: 20);

        var completion = Run(model, Ten with { MinNewTokens = 4 }, eosId: 9, new SampleRequest([8], 1)).Single();

        Assert.DoesNotContain(9, completion.Completion[..4]);
    }

    [Fact]
    public void Log_probabilities_are_the_models_own()
    {
        using var scope = NewDisposeScope();
        using var model = Some.Model(Some.Config(vocabulary: 40));
        using var step = new DecoderStep(model, slots: 2);
        var sampler = new Sampler(step, new() { MaxNewTokens = 12, Temperature = 0.7, TopK = 5 }, seed: 1, ends: [2], withLogprobs: true);

        var completion = sampler.Run([new([1, 5, 6], 1)], cancellationToken: TestContext.Current.CancellationToken).Single();

        var tokens = tensor(completion.Sequence, ScalarType.Int64, Some.Device).unsqueeze(0);
        var expected = model.Logits(model.Hidden(tokens))[0].log_softmax(-1)[..^1].gather(1, tokens[0, 1..].unsqueeze(1)).squeeze(1)[2..];
        Assert.All(Some.Values(expected).Zip(completion.Logprobs!), p => Assert.Equal(p.First, p.Second, 1e-4));
    }

    [Fact]
    public void A_completion_does_not_depend_on_its_neighbors_or_its_slot()
    {
        using var model = Some.Model(Some.Config(vocabulary: 40), seed: 2);
        using var step = new DecoderStep(model, slots: 7);
        SampleRequest[] requests = [.. Enumerable.Range(0, 40).Select(i => new SampleRequest([1, 3 + i % 30, 4 + i % 7], (ulong)(i % 20), i / 20))];
        var hparams = new SamplingHParams { MaxNewTokens = 15, TopP = 0.95 };

        var together = Run(step, hparams, eosId: 2, requests);
        var backwards = Run(step, hparams, eosId: 2, [.. requests.Reverse()]).Reverse().ToArray();
        var alone = requests.Select(request => Run(step, hparams, eosId: 2, request).Single()).ToArray();

        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(together[i].Sequence, backwards[i].Sequence));
        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(together[i].Sequence, alone[i].Sequence));
        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(together[i].Logprobs!, backwards[i].Logprobs!));
        Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(together[i].Logprobs!, alone[i].Logprobs!));
        Assert.True(together.Select(c => string.Join(' ', c.Completion)).Distinct().Count() > 35);
    }

    [Fact]
    public void A_slot_that_held_another_text_gives_the_same_completion_as_a_new_one()
    {
        using var model = Some.Model(Some.Config(vocabulary: 40));
        using var used = new DecoderStep(model, slots: 1);
        using var fresh = new DecoderStep(model, slots: 1);
        Run(used, Ten, eosId: 2, new SampleRequest([1, 5, 6, 7, 8, 9, 10], 3));

        var again = Run(used, Ten, eosId: 2, new SampleRequest([1, 9], 4)).Single();

        Assert.Equal(Run(fresh, Ten, eosId: 2, new SampleRequest([1, 9], 4)).Single().Sequence, again.Sequence);
    }

    [Fact]
    public void A_prompt_that_fills_the_context_is_refused_before_anything_is_sampled()
    {
        var model = new CountingModel(slots: 1, length: 4, vocabulary: 20);

        var error = Assert.Throws<InvalidDataException>(() => Run(model, Ten, eosId: 9, new SampleRequest([1], 1), new SampleRequest([1, 2, 3, 4], 2)));

        Assert.Equal("A prompt of 4 tokens leaves no room for a completion in a context of 4 tokens.", error.Message);
        Assert.Equal(0, model.Steps);
    }

    [Fact]
    public void An_empty_prompt_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Run(new CountingModel(1, 4, 20), Ten, eosId: 9, new SampleRequest([], 1)));

        Assert.Equal("A prompt has no token, but at least the beginning of sequence was expected.", error.Message);
    }

    [Fact]
    public void Logits_that_are_not_numbers_are_an_error()
    {
        using var model = Some.Model(Some.Config(vocabulary: 40));
        using var step = new DecoderStep(model, slots: 1);
        model.Parameters.Set("model.norm.weight", full(32, float.NaN));

        var error = Assert.Throws<InvalidDataException>(() => Run(step, Ten, eosId: 2, new SampleRequest([1, 5], 1)));

        Assert.Equal("The model's logits after 2 tokens are not numbers, so no token can be drawn.", error.Message);
    }

    [Fact]
    public void Cancellation_stops_the_sampling()
    {
        using var source = new CancellationTokenSource();
        var sampler = new Sampler(new CountingModel(1, 32, 20), Ten, seed: 1, ends: [9]);

        Assert.Throws<OperationCanceledException>(() => sampler.Run([new([1], 1), new([1], 2)], (_, _) => source.Cancel(), source.Token));
    }

    [Fact]
    public void Thousands_of_steps_leave_no_tensor_behind()
    {
        using var model = Some.Model(Some.Config(vocabulary: 40));
        using var step = new DecoderStep(model, slots: 4);
        SampleRequest[] requests = [.. Enumerable.Range(0, 400).Select(i => new SampleRequest([1, 3], (ulong)i))];
        Run(step, Ten, eosId: 2, requests[..4]);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Run(step, Ten with { TopK = 10, TopP = 0.9 }, eosId: 2, requests);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public static TheoryData<SamplingHParams, string> Bad => new()
    {
        { new() { Temperature = -0.1 }, "temperature is -0.1, but a finite number of at least 0 was expected" },
        { new() { TopK = -1 }, "top-k is -1, but 0 (all) or more was expected" },
        { new() { TopP = 0 }, "top-p is 0, but a number above 0 and at most 1 was expected" },
        { new() { MaxNewTokens = 0 }, "max-new-tokens is 0, but at least 1 was expected" },
        { new() { MaxNewTokens = 3, MinNewTokens = 4 }, "min-new-tokens is 4, but 0 to max-new-tokens (3) was expected" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_hyperparameter_out_of_range_is_refused_in_one_sentence(SamplingHParams hparams, string sentence)
    {
        var error = Assert.Throws<ArgumentException>(() => new Sampler(new CountingModel(1, 4, 20), hparams, seed: 0, ends: [9]));

        Assert.Equal($"The sampling is not possible: {sentence}.", error.Message);
    }

    static SampledCompletion[] Run(ILanguageModelStep model, SamplingHParams hparams, int eosId, params SampleRequest[] requests) =>
        new Sampler(model, hparams, seed: 7, [eosId], withLogprobs: true).Run(requests, cancellationToken: TestContext.Current.CancellationToken);
}
