using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Ppo;

/// <summary>The KL coefficient, fixed or following a target on the sequence KL (Ziegler et al. 2019, section 2.2), and the end of a training that drifts.</summary>
public sealed class KlController(PpoHParams hparams) : IState
{
    const double LargestError = 0.2;

    /// <summary>The coefficient of the next update.</summary>
    public double Coefficient { get; private set; } = hparams.KlCoefficient;

    /// <summary>True from the rollout on whose sequence KL was above <see cref="PpoHParams.MaxSequenceKl"/>.</summary>
    public bool Exceeded { get; private set; }

    double[] IState.Numbers
    {
        get => [Coefficient, Exceeded ? 1 : 0];
        set => (Coefficient, Exceeded) = (value[0], value[1] != 0);
    }

    /// <summary>Is the training at its end? Asked with the sequence KL of a rollout, in nats, before it is trained on.</summary>
    public bool Exceeds(double sequenceKl) => Exceeded = Exceeded || hparams.MaxSequenceKl > 0 && sequenceKl > hparams.MaxSequenceKl;

    /// <summary>The sentence that says why the training ended early; none where it did not.</summary>
    public IEnumerable<string> Ending(int update)
    {
        if (Exceeded)
            yield return $"The training ends after update {update}: the policy's sequence KL is above 'maxSequenceKl' ({hparams.MaxSequenceKl}). Raise it, or 'klCoefficient'.";
    }

    /// <summary>β ← β(1 + clip(KL/target − 1, ±0.2)·n/horizon) where it is adaptive; n completions had this mean sequence KL.</summary>
    public void Observe(double sequenceKl, int completions)
    {
        if (hparams.KlControl == KlControl.Fixed) return;
        var error = Math.Clamp(sequenceKl / hparams.KlTarget - 1, -LargestError, LargestError);
        Coefficient *= 1 + error * completions / hparams.KlHorizon;
    }
}
