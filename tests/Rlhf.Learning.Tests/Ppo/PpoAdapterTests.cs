using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tests.Support;
using TorchSharp;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>A low-rank adapter is trained in place of the weights, and the reference is the same weights without it.</summary>
public sealed class PpoAdapterTests
{
    static readonly torch.Device Device = TorchDevice.FromEnvironment();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_score_rises_and_the_weights_below_the_adapter_stay_as_they_were()
    {
        using var run = new Run();
        var before = Some.Values(run.Policy.Parameters.Flat);

        var scores = new List<double>();
        while (run.Trainer.Completed < run.Trainer.Updates) scores.Add(run.Trainer.Update(Token)["objective/score"]);

        Assert.True(scores.TakeLast(5).Average() > scores.Take(5).Average() + 0.3, string.Join(' ', scores.Select(s => s.ToString("0.00"))));
        Assert.Equal(before, Some.Values(run.Policy.Parameters.Flat));
    }

    [Fact]
    public void The_first_rollout_has_no_divergence_from_the_shared_reference()
    {
        using var run = new Run();

        Assert.Equal(0, run.Trainer.Update(Token)["objective/kl"]);
    }

    [Fact]
    public void A_resumed_training_ends_with_the_same_bits_and_its_checkpoint_holds_no_weights_of_the_model()
    {
        using var whole = new Run();
        using var first = new Run();
        using var second = new Run();
        for (var i = 0; i < 4; i++) whole.Trainer.Update(Token);

        for (var i = 0; i < 2; i++) first.Trainer.Update(Token);
        var checkpoint = first.Trainer.Bytes();
        second.Trainer.Restore(checkpoint.Streams());
        for (var i = 0; i < 2; i++) second.Trainer.Update(Token);

        Assert.Equal(Some.Values(whole.Policy.Trainable.Flat), Some.Values(second.Policy.Trainable.Flat));
        Assert.InRange(checkpoint.Values.Sum(f => f.Length), 1, 4 * (3 * whole.Policy.Trainable.Count + 3 * 17) + 8192);
    }

    sealed class Run : IDisposable
    {
        readonly DecoderModel _reference;
        readonly ScalarHead _value = ScalarHead.Zero(16, Device);
        readonly TokenScorer _scorer = new(TinyPpo.RewardModel());

        public Run()
        {
            var model = DecoderModel.Initialize(TinyModels.Config, 1, Device);
            // An adapter leaves the output layer alone, and with a fresh one no stream says much.
            using (torch.no_grad()) model.Parameters["model.embed_tokens.weight"].mul_(40f);
            Policy = new(model.Config, model.Parameters.Clone(), LowRankAdapter.Initialize(new(4, 8, LowRankConfig.AllTargets), model.Config, 3, Device));
            model.Dispose();
            _reference = Policy.WithoutAdapter();
            Trainer = new(new(Policy, _value, _reference, _scorer, 0), [.. Enumerable.Range(0, 12).Select(i => new PolicyPrompt([1, 3 + i], (ulong)i))], TinyPpo.HParams with { Updates = 25 });
        }

        public DecoderModel Policy { get; }

        public PpoTrainer Trainer { get; }

        public void Dispose()
        {
            Trainer.Dispose();
            _scorer.Dispose();
            _value.Dispose();
            _reference.Dispose();
            Policy.Dispose();
        }
    }
}
