using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// The loss of a reward model on judged pairs: Bradley-Terry (Ouyang et al. 2022, equation 1) with margin (Touvron et al. 2023, equation 2), soft
/// label, smoothing, centering (Eisenstein et al. 2023) and weight. All compose: the margin shifts the log-odds, the soft label is the
/// target there, and the weight multiplies the whole.
/// </summary>
/// <param name="labelSmoothing">Share of each label given to the other side, 0 to 0.5.</param>
/// <param name="centering">Weight of (chosen + rejected)², at least 0; it keeps scores around zero.</param>
public sealed class PreferenceLoss(double labelSmoothing = 0, double centering = 0)
{
    /// <summary>
    /// Scores and targets [pairs] → w·(−p ln σ(Δ − m) − (1 − p) ln σ(m − Δ) + c·(chosen + rejected)²) with Δ = chosen − rejected, [pairs].
    /// </summary>
    public Tensor PerPair(Tensor chosen, Tensor rejected, Tensor margin, Tensor probability, Tensor weight)
    {
        using var scope = NewDisposeScope();
        var logOdds = chosen - rejected - margin;
        var target = labelSmoothing == 0 ? probability : (probability * Number(1 - 2 * labelSmoothing)).Plus(Number(labelSmoothing));
        var loss = -(target * nn.functional.logsigmoid(logOdds)).Plus(target.neg().Plus(Number(1)) * nn.functional.logsigmoid(-logOdds));
        if (centering > 0) loss = loss.Plus(Number(centering) * chosen.Plus(rejected).Squared());
        return (loss * weight).MoveToOuterDisposeScope();
    }
}
