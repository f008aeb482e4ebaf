using Rlhf.Learning.Rewards;

namespace Rlhf.Memory;

/// <summary>Three optimizer steps of a reward model, each on 4 pairs of texts.</summary>
sealed class RewardStep : IStep
{
    public const int Batch = 4, Steps = 3, Pairs = Batch * Steps;

    readonly RewardModel _model = Models.Reward(seed: 2, trainable: true);
    readonly RewardModelTrainer _trainer;

    /// <param name="tokens">Length of each text.</param>
    /// <param name="checkpoint">Whether activations are computed again for the backward pass.</param>
    public RewardStep(int tokens, bool checkpoint)
    {
        _model.Model.CheckpointGradients = checkpoint;
        var groups = Enumerable.Range(0, Pairs).Select(i => new PreferenceGroup(
            [new(Models.Text(2 * i, tokens), 16), new(Models.Text(2 * i + 1, tokens), 16)],
            [new(0, 1, Margin: 0, Probability: 1, Weight: 1, $"pair {i}")])).ToList();
        _trainer = new(_model, groups, new(Epochs: 1, BatchSize: Batch, LearningRate: 1e-5, WarmupUpdates: 0, WeightDecay: 0, Seed: 1));
    }

    public void Run()
    {
        for (var i = 0; i < Steps; i++) _trainer.Update(CancellationToken.None);
    }

    public byte[] Weights() => Models.Bytes(_model.Model.Trainable);

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }
}
