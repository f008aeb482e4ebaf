using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Sampling;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Tests.Running;

public sealed class CompletionSamplerTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_drain_in_the_middle_of_a_chunk_keeps_the_completions_that_are_done_in_their_order()
    {
        using var policy = await Policy();
        using var drain = new CancellationTokenSource();

        var all = Sample(policy, stopAt: int.MaxValue, new(), Token, Token);
        var kept = Sample(policy, stopAt: 40, drain, drain.Token, Token);

        Assert.InRange(kept.Count, 1, all.Count - 1);
        Assert.Equal(all.Take(kept.Count).Select(s => s.Sequence), kept.Select(s => s.Sequence));
    }

    [Fact]
    public async Task A_cancel_in_the_middle_of_a_chunk_stops_at_the_next_token()
    {
        using var policy = await Policy();
        using var cancel = new CancellationTokenSource();
        var steps = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => Sample(policy, stopAt: 40, cancel, Token, cancel.Token, () => steps++));

        Assert.Equal(40, steps);
    }

    async Task<LoadedPolicy> Policy()
    {
        using var run = new TestRun(round.Folder);
        return await run.Artifacts.LoadPolicyAsync(ArtifactRef.Parse(round.Policy), trainable: false, Token);
    }

    static List<SampledCompletion> Sample(
        LoadedPolicy policy, int stopAt, CancellationTokenSource stop, CancellationToken drain, CancellationToken cancellationToken, Action? stepped = null)
    {
        using var step = new DecoderStep(policy.Model, slots: 2);
        var sampler = new Sampler(new StoppingStep(step, stopAt, stop, stepped), new() { MaxNewTokens = 8 }, seed: 1, policy.Model.Config.Ends);
        var requests = Enumerable.Range(0, 12).Select(i => new SampleRequest([.. policy.Tokenizer.Begin, 5 + i], (ulong)i, 0)).ToList();
        return CompletionSampler.Sample(sampler, requests, drain, cancellationToken);
    }

    sealed class StoppingStep(ILanguageModelStep inner, int stopAt, CancellationTokenSource stop, Action? stepped) : ILanguageModelStep
    {
        int _steps;

        public int Slots => inner.Slots;

        public int Length => inner.Length;

        public Device Device => inner.Device;

        public void Reset(int slot) => inner.Reset(slot);

        public Tensor Logits(Tensor tokens, Tensor positions)
        {
            stepped?.Invoke();
            if (++_steps == stopAt) stop.Cancel();
            return inner.Logits(tokens, positions);
        }
    }
}
