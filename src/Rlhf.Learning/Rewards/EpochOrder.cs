using Rlhf.Learning.Optimization;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// The order in which groups are trained on, a fresh one each epoch, that follows from seed and epoch alone. Hard groups stand twice in the last
/// third of each epoch, or in a longer last part where they do not fit.
/// </summary>
public sealed class EpochOrder
{
    readonly int[] _easy, _hard;
    readonly int _head;
    readonly Shuffle _easyOrder, _tailOrder;

    /// <param name="hard">For each group whether it is hard.</param>
    /// <param name="seed">Seed of the order.</param>
    public EpochOrder(IReadOnlyList<bool> hard, long seed)
    {
        _easy = [.. Enumerable.Range(0, hard.Count).Where(i => !hard[i])];
        _hard = [.. Enumerable.Range(0, hard.Count).Where(i => hard[i])];
        Length = _easy.Length + 2 * _hard.Length;
        _head = _hard.Length == 0 ? Length : Length - Math.Max(Length / 3, 2 * _hard.Length);
        _easyOrder = new(Math.Max(1, _easy.Length), seed);
        _tailOrder = new(Math.Max(1, Length - _head), seed + 1);
    }

    /// <summary>Draws in an epoch.</summary>
    public int Length { get; }

    /// <summary>The group at a position of the endless sequence of epochs.</summary>
    public int this[long position]
    {
        get
        {
            var (epoch, at) = (position / Length, (int)(position % Length));
            if (at < _head) return Easy(epoch, at);
            var drawn = (int)(_tailOrder[epoch * (Length - _head) + at - _head]);
            return drawn < 2 * _hard.Length ? _hard[drawn / 2] : Easy(epoch, _head + drawn - 2 * _hard.Length);
        }
    }

    int Easy(long epoch, int at) => _easy[_easyOrder[epoch * _easy.Length + at]];
}
