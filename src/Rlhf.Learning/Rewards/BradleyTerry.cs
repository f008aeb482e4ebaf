using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>The loss of a reward model on pairs: −mean ln σ(chosen − rejected) (Bradley and Terry 1952; Ouyang et al. 2022, equation 1).</summary>
public static class BradleyTerry
{
    /// <summary>Scores [pairs] → scalar.</summary>
    public static Tensor Loss(Tensor chosen, Tensor rejected)
    {
        using var scope = NewDisposeScope();
        return nn.functional.logsigmoid(chosen - rejected).mean().neg().MoveToOuterDisposeScope();
    }
}
