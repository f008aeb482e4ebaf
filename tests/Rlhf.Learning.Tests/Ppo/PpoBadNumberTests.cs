using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Ppo;

/// <summary>A number that is none stops the update, and the error names tensor and batch.</summary>
public sealed class PpoBadNumberTests
{
    static NonFiniteException Fails(Action<DecoderModel> damage, IScorer? scorer = null)
    {
        using var policy = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        var (trainer, others) = TinyPpo.Start(policy, TinyPpo.HParams, scorer);
        damage((DecoderModel)others[0]);
        var error = Assert.Throws<NonFiniteException>(() => trainer.Update(TestContext.Current.CancellationToken));
        Assert.Equal(0, trainer.Completed);
        trainer.Dispose();
        foreach (var other in others) other.Dispose();
        return error;
    }

    [Fact]
    public void A_score_that_is_no_number_names_its_completion()
    {
        var error = Fails(_ => { }, new Scorer(float.PositiveInfinity));

        Assert.Equal("score of completion 3", error.Tensor);
        Assert.Contains("is Infinity at update 1 (batch ", error.Message.Replace("∞", "Infinity", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(32, error.Ids.Count);
        Assert.Equal(32, error.Sequences.Count);
    }

    [Fact]
    public void A_reference_policy_whose_weights_are_no_numbers_is_named()
    {
        var error = Fails(reference =>
        {
            using (no_grad()) reference.Parameters.Flat.fill_(float.NaN);
        });

        Assert.Equal("reference policy's log-probabilities", error.Tensor);
    }

    [Fact]
    public void A_loss_that_overflows_names_the_minibatch()
    {
        var error = Fails(_ => { }, new Scorer(3e30f));

        Assert.Equal("value loss", error.Tensor);
        Assert.Equal(16, error.Ids.Count);
        Assert.All(error.Ids, id => Assert.Matches("^[0-9a-f]{16}/[0-9]+$", id));
    }

    sealed class Scorer(float bad) : IScorer
    {
        public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) =>
            [.. completions.Select((_, i) => i == 3 ? bad : i)];

        public void Dispose()
        {
        }
    }
}
