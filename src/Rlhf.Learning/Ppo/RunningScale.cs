using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Ppo;

/// <summary>Mean and deviation of all numbers so far (Chan et al. 1979; trlx's RunningMoments).</summary>
public sealed class RunningScale : IState
{
    double _count, _squares;

    public double Mean { get; private set; }

    /// <summary>With n − 1; 1 until two numbers differ, so that nothing is divided by nothing.</summary>
    public double Deviation => _squares > 0 ? Math.Sqrt(_squares / (_count - 1)) : 1;

    double[] IState.Numbers
    {
        get => [_count, Mean, _squares];
        set => (_count, Mean, _squares) = (value[0], value[1], value[2]);
    }

    public void Add(IReadOnlyCollection<float> values)
    {
        var mean = values.Average(v => (double)v);
        var difference = mean - Mean;
        var count = _count + values.Count;
        _squares += values.Sum(v => (v - mean) * (v - mean)) + difference * difference * _count * values.Count / count;
        Mean += difference * values.Count / count;
        _count = count;
    }
}
