using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Ppo;

/// <summary>Says each kind of trouble once in a training, resumed or not.</summary>
sealed class TroubleLog : IState
{
    TroubleKinds _said;

    double[] IState.Numbers
    {
        get => [(double)_said];
        set => _said = (TroubleKinds)(int)value[0];
    }

    public IReadOnlyList<string> New(IReadOnlyDictionary<string, double> metrics)
    {
        var found = PpoTrouble.Find(metrics).Where(t => !_said.HasFlag(t.Kind)).ToList();
        foreach (var (kind, _) in found) _said |= kind;
        return [.. found.Select(t => t.Sentence)];
    }
}
