using Rlhf.Learning.Models;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using static TorchSharp.torch;

namespace Rlhf.Memory;

/// <summary>Three PPO updates, each of 8 completions of up to 32 tokens to prompts of 16, 2 optimizer steps of 2 micro-batches each.</summary>
sealed class PpoStep : IStep
{
    public const int PromptTokens = 16, NewTokens = 32, Rollout = 8, Minibatch = 4, Microbatch = 2, Rank = 8, Updates = 3;

    readonly DecoderModel _policy, _reference;
    readonly ScalarHead _value = ScalarHead.Zero(Models.Config.HiddenSize, CPU);
    readonly TokenScorer _scorer = new(Models.Reward(seed: 2, trainable: false));
    readonly PpoTrainer _trainer;

    public PpoStep(bool lowRank, bool checkpoint)
    {
        var weights = Models.Weights(seed: 1, trainable: !lowRank);
        _policy = lowRank ? new(Models.Config, weights, Adapter()) : new(Models.Config, weights);
        _policy.CheckpointGradients = checkpoint;
        _reference = lowRank ? _policy.WithoutAdapter() : _policy.Clone();
        var prompts = Enumerable.Range(0, Rollout).Select(i => new PolicyPrompt(Models.Text(i, PromptTokens), (ulong)i)).ToList();
        _trainer = new(new(_policy, _value, _reference, _scorer, Models.Config.EosTokenId), prompts, new()
        {
            Updates = Updates,
            RolloutSize = Rollout,
            MinibatchSize = Minibatch,
            MicrobatchSize = Microbatch,
            Epochs = 1,
            MaxNewTokens = NewTokens,
            Slots = Rollout,
            Seed = 1,
        });
    }

    public void Run()
    {
        for (var i = 0; i < Updates; i++) _trainer.Update(CancellationToken.None);
    }

    public byte[] Weights() => Models.Bytes(_policy.Trainable);

    public void Dispose()
    {
        _trainer.Dispose();
        _reference.Dispose();
        _policy.Dispose();
        _scorer.Dispose();
        _value.Dispose();
    }

    static LowRankAdapter Adapter() =>
        LowRankAdapter.Initialize(new(Rank, Alpha: 16, [.. LowRankConfig.AllTargets.Where(t => t != "gate_proj")]), Models.Config, 3, CPU);
}
