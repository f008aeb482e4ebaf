using Rlhf.Learning.Rewards;

namespace Rlhf.Memory;

/// <summary>One optimizer step of a reward model on 4 pairs of texts.</summary>
sealed class RewardStep : IStep
{
    public const int Pairs = 4;

    readonly RewardModel _model = Models.Reward(seed: 2, trainable: true);
    readonly RewardModelTrainer _trainer;

    /// <param name="tokens">Length of each of the 8 texts.</param>
    /// <param name="checkpoint">Whether activations are computed again for the backward pass.</param>
    public RewardStep(int tokens, bool checkpoint)
    {
        _model.Model.CheckpointGradients = checkpoint;
        var groups = Enumerable.Range(0, Pairs).Select(i => new PreferenceGroup(
            [new(Models.Text(2 * i, tokens), 16), new(Models.Text(2 * i + 1, tokens), 16)],
            [new(0, 1, Margin: 0, Probability: 1, Weight: 1, $"pair {i}")])).ToList();
        _trainer = new(_model, groups, new(Epochs: 1, BatchSize: Pairs, LearningRate: 1e-5, WarmupUpdates: 0, WeightDecay: 0, Seed: 1));
    }

    public void Run() => _trainer.Update(CancellationToken.None);

    public byte[] Weights() => Models.Bytes(_model.Model.Trainable);

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }
}
