using Rlhf.Learning.Native;

namespace Rlhf.Pipeline.Scoring;

/// <summary>
/// The cores of this machine, which passes of all models share: a pass waits until as many are free as it takes, those that came first before those that came later, so that
/// one that takes all is not passed by for ever.
/// </summary>
/// <param name="count">How many there are.</param>
/// <param name="use">Tells the calling thread on how many it computes.</param>
sealed class Cores(int count, Action<int> use)
{
    readonly object _gate = new();
    int _free = count;
    long _tickets;
    long _turn;

    /// <summary>Those of this process.</summary>
    public static Cores Own { get; } = new(TorchThreads.All, TorchThreads.Use);

    public int Count { get; } = count;

    /// <summary>Waits for them and computes on them.</summary>
    /// <param name="taken">1 to <see cref="Count"/>.</param>
    public void Compute(int taken, Action compute)
    {
        lock (_gate)
        {
            for (var ticket = _tickets++; ticket != _turn || _free < taken;) Monitor.Wait(_gate);
            _turn++;
            _free -= taken;
            Monitor.PulseAll(_gate);
        }
        try
        {
            use(taken);
            compute();
        }
        finally
        {
            lock (_gate)
            {
                _free += taken;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
