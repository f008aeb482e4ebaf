using Rlhf.Learning.Randomness;

namespace Rlhf.Learning.Optimization;

/// <summary>Orders of a data set, a fresh one each epoch, that follow from seed and epoch alone: a data cursor is one number.</summary>
public sealed class Shuffle(int count, long seed)
{
    readonly int[] _order = new int[count];
    int _epoch = -1;

    /// <summary>The item at a position of the endless sequence of epochs.</summary>
    public int this[long position]
    {
        get
        {
            var epoch = (int)(position / count);
            if (epoch != _epoch) Order(epoch);
            return _order[position % count];
        }
    }

    void Order(int epoch)
    {
        for (var i = 0; i < count; i++) _order[i] = i;
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)(CounterRandom.Uniform((ulong)seed, (ulong)epoch, 0, (uint)i) * (i + 1));
            (_order[i], _order[j]) = (_order[j], _order[i]);
        }
        _epoch = epoch;
    }
}
