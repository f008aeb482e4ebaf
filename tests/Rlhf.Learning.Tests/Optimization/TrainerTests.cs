using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sft;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Optimization;

public sealed class TrainerTests
{
    static readonly Device Device = TorchDevice.FromEnvironment();

    static readonly int[][] Sequences = [.. Enumerable.Range(0, 24).Select(i => (int[])[1, 3 + i % 8, 4 + i % 8, 5 + i % 8, 6 + i % 8, 2])];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Supervised_training_lowers_the_loss()
    {
        using var model = DecoderModel.Initialize(TinyModels.Config, 1, Device);
        using var trainer = new SupervisedTrainer(model, Sequences, 0, new(Epochs: 20, BatchSize: 8, LearningRate: 1e-2, WarmupUpdates: 2, WeightDecay: 0, Seed: 1));

        var losses = Enumerable.Range(0, trainer.Updates).Select(_ => trainer.Update(Token)["sft/loss"]).ToList();

        Assert.True(losses[^1] < losses[0] / 2, $"from {losses[0]} to {losses[^1]}");
    }

    public enum Training { Supervised, RewardModel, Ppo }

    [Theory]
    [InlineData(Training.Supervised)]
    [InlineData(Training.RewardModel)]
    [InlineData(Training.Ppo)]
    public void A_resumed_training_ends_with_the_same_weights_bit_for_bit(Training training)
    {
        using var whole = Start(training);
        using var first = Start(training);
        using var second = Start(training);

        while (whole.Trainer.Completed < whole.Trainer.Updates) whole.Trainer.Update(Token);
        for (var i = 0; i < 3; i++) first.Trainer.Update(Token);
        second.Trainer.Restore(first.Trainer.Save());
        while (second.Trainer.Completed < second.Trainer.Updates) second.Trainer.Update(Token);

        Assert.Equal(Bytes(whole), Bytes(second));
        Assert.NotEqual(Bytes(first), Bytes(second));
    }

    [Fact]
    public void Weights_that_are_no_numbers_stop_the_training_with_the_update_named()
    {
        using var model = DecoderModel.Initialize(TinyModels.Config, 1, Device);
        using (no_grad()) model.Parameters.Flat.fill_(float.NaN);
        using var trainer = new SupervisedTrainer(model, Sequences, 0, new(1, 8, 1e-2, 2, 0, 1));

        var error = Assert.Throws<NonFiniteException>(() => trainer.Update(Token));

        Assert.Contains("loss is NaN at update 1", error.Message, StringComparison.Ordinal);
        Assert.Equal("loss", error.Tensor);
        Assert.Equal(8, error.Ids.Count);
        Assert.Equal(8, error.Sequences.Count);
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused()
    {
        using var one = Start(Training.Supervised);
        using var other = DecoderModel.Initialize(TinyModels.Config with { HiddenSize = 32 }, 1, Device);
        using var trainer = new SupervisedTrainer(other, Sequences, 0, new(1, 8, 1e-2, 2, 0, 1));

        Assert.Throws<InvalidDataException>(() => trainer.Restore(one.Trainer.Save()));
    }

    [Fact]
    public void A_cancelled_training_stops_before_its_next_update()
    {
        using var started = Start(Training.Ppo);

        Assert.ThrowsAny<OperationCanceledException>(() => started.Trainer.Update(new CancellationToken(canceled: true)));

        Assert.Equal(0, started.Trainer.Completed);
    }

    [Fact]
    public void Ppo_raises_the_score_and_keeps_its_tensors()
    {
        using var started = Start(Training.Ppo, updates: 30);

        var scores = new List<double>();
        long tensors = 0;
        for (var i = 0; i < 30; i++)
        {
            scores.Add(started.Trainer.Update(Token)["objective/score"]);
            if (i == 4) tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }

        Assert.True(scores.TakeLast(5).Average() > scores.Take(5).Average() + 0.3, string.Join(' ', scores.Select(s => s.ToString("0.00"))));
        Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Theory]
    [InlineData(0, 1.0 / 3)]
    [InlineData(1, 2.0 / 3)]
    [InlineData(2, 1)]
    [InlineData(12, 0)]
    public void The_learning_rate_rises_and_ends_at_zero(int update, double expected) =>
        Assert.Equal(expected, LearningRates.WarmupCosine(1, update, warmup: 2, updates: 12), 1e-9);

    [Fact]
    public void An_order_visits_everything_once_an_epoch_and_another_way_in_the_next()
    {
        var order = new Shuffle(50, seed: 7);

        var first = Enumerable.Range(0, 50).Select(i => order[i]).ToList();
        var second = Enumerable.Range(50, 50).Select(i => order[i]).ToList();

        Assert.Equal(Enumerable.Range(0, 50), first.Order());
        Assert.Equal(Enumerable.Range(0, 50), second.Order());
        Assert.NotEqual(first, second);
    }

    sealed record Started(ITrainer Trainer, DecoderModel Model, IDisposable[] Others) : IDisposable
    {
        public void Dispose()
        {
            Trainer.Dispose();
            Model.Dispose();
            foreach (var other in Others) other.Dispose();
        }
    }

    static Started Start(Training training, int updates = 8)
    {
        var model = DecoderModel.Initialize(TinyModels.Config, 1, Device);
        if (training == Training.Supervised)
            return new(new SupervisedTrainer(model, Sequences, 0, new(Epochs: 3, BatchSize: 8, LearningRate: 1e-2, WarmupUpdates: 2, WeightDecay: 0.01, Seed: 3)), model, []);

        var tokenizer = new NumberTokenizer();
        if (training == Training.RewardModel)
        {
            var trained = new RewardModel(model, ScalarHead.Random(16, 5, Device), tokenizer);
            var groups = Sequences.Select((s, i) => new PreferenceGroup(
                [new(s, 2), new([.. s.Reverse()], 2)], [new(0, 1, 0.3, i % 3 == 0 ? 0.5 : 1, 1, $"{i}")], Hard: i % 4 == 0)).ToList();
            return new(new RewardModelTrainer(
                trained, groups, new(Epochs: 3, BatchSize: 8, LearningRate: 1e-2, WarmupUpdates: 2, WeightDecay: 0.01, Seed: 3) { Centering = 0.01, LabelSmoothing = 0.1 },
                new EarlyStopping(trained, [(groups[0].Texts[0], groups[0].Texts[1])], every: 2, patience: 3, batchSize: 8)), model, [trained.Head]);
        }
        var (trainer, others) = TinyPpo.Start(model, TinyPpo.HParams with { Updates = updates });
        return new(trainer, model, others);
    }

    static float[] Bytes(Started started) => started.Model.Parameters.Flat.cpu().data<float>().ToArray();
}
