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

    /// <summary>
    /// The whole state by file name, one file after the other; each is read from the live state as it is asked for, so that a large model's state is
    /// never in memory twice. Streams that can seek, to be disposed of by the caller and read before the next update.
    /// </summary>
    IEnumerable<KeyValuePair<string, Stream>> Save();

    /// <summary>Puts a state back, from its files in the order in which they were saved, streams that can seek; each is taken in, and disposed of, before the next one is asked for.</summary>
    /// <exception cref="InvalidDataException">The state is another training's, or a part of it is missing.</exception>
    void Restore(IEnumerable<KeyValuePair<string, Stream>> files);
}
