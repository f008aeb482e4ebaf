namespace Rlhf.Learning.Optimization;

/// <summary>
/// A training that goes on update by update. Everything an update needs beyond the weights follows from the seed and the number of the
/// update, so that <see cref="Save"/> and <see cref="Restore"/> lose nothing: a resumed training ends with the same weights, bit for bit.
/// </summary>
public interface ITrainer : IDisposable
{
    /// <summary>How many updates the training has in all.</summary>
    int Updates { get; }

    /// <summary>How many of them are done.</summary>
    int Completed { get; }

    /// <summary>What the last update found amiss, a sentence each: what was seen, why that happens, which knob to turn.</summary>
    IReadOnlyList<string> Notices => [];

    /// <summary>Does the next update and returns its metrics under their published names.</summary>
    /// <exception cref="NonFiniteException">A loss, score or gradient is not finite; names it, the update and the batch.</exception>
    IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken);

    /// <summary>The whole state by file name.</summary>
    IReadOnlyDictionary<string, byte[]> Save();

    void Restore(IReadOnlyDictionary<string, byte[]> files);
}
