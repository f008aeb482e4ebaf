using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Ppo;

public sealed class PpoTroubleTests
{
    static readonly Dictionary<string, double> Healthy = new()
    {
        ["objective/kl"] = 2,
        ["objective/score_std"] = 0.9,
        ["completion/finished"] = 0.95,
        ["ppo/val/var_explained"] = 0.6,
        ["ppo/loss/policy"] = -0.01,
        ["ppo/policy/ratio"] = 1.01,
        ["ppo/policy/ratio_max"] = 3,
    };

    [Fact]
    public void A_healthy_update_is_left_in_peace() => Assert.Empty(PpoTrouble.Explain(Healthy));

    [Theory]
    [InlineData("objective/kl", -0.8, "KL to the reference is negative (objective/kl -0.80)", "'klEstimator'")]
    [InlineData("ppo/policy/ratio", 4, "ratio spikes (mean 4.00, largest 3.0)", "'learningRate'")]
    [InlineData("ppo/policy/ratio_max", 500, "ratio spikes (mean 1.01, largest 500.0)", "'klStop'")]
    [InlineData("completion/finished", 0, "Hardly a completion ends", "'maxNewTokens'")]
    [InlineData("ppo/val/var_explained", -0.5, "worse than a constant (ppo/val/var_explained -0.50)", "'valueWarmupUpdates'")]
    [InlineData("objective/score_std", 0, "All completions score the same", "'entropyCoefficient'")]
    public void Trouble_is_explained_with_what_was_seen_and_the_knob(string metric, double value, string seen, string knob)
    {
        var sentence = Assert.Single(PpoTrouble.Explain(new Dictionary<string, double>(Healthy) { [metric] = value }));

        Assert.Contains(seen, sentence, StringComparison.Ordinal);
        Assert.Contains(knob, sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_head_that_is_still_being_fitted_is_no_trouble()
    {
        var metrics = new Dictionary<string, double>(Healthy) { ["ppo/val/var_explained"] = -5 };
        metrics.Remove("ppo/loss/policy");

        Assert.Empty(PpoTrouble.Explain(metrics));
    }

    [Fact]
    public void Each_kind_is_said_once_also_after_a_resume()
    {
        var hparams = TinyPpo.HParams with { RolloutSize = 8, MinibatchSize = 8, MaxNewTokens = 1, Updates = 4 }; // hardly a completion of one token ends
        using var policy = DecoderModel.Initialize(TinyModels.Config, 1, TorchDevice.FromEnvironment());
        var (trainer, others) = TinyPpo.Start(policy, hparams);
        var said = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            trainer.Update(TestContext.Current.CancellationToken);
            said.AddRange(trainer.Notices);
            if (i == 1) trainer.Restore(trainer.Save());
        }

        Assert.Equal(said.Count, said.Select(s => s[..20]).Distinct().Count());
        Assert.Contains(said, s => s.StartsWith("Hardly a completion ends", StringComparison.Ordinal));
        trainer.Dispose();
        foreach (var other in others) other.Dispose();
    }
}
