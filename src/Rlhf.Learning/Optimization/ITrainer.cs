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

    /// <summary>Does the next update and returns its metrics under their published names.</summary>
    /// <exception cref="InvalidDataException">A loss, score or gradient is not finite; names it and the update.</exception>
    IReadOnlyDictionary<string, double> Update(CancellationToken cancellationToken);

    /// <summary>The whole state by file name.</summary>
    IReadOnlyDictionary<string, byte[]> Save();

    void Restore(IReadOnlyDictionary<string, byte[]> files);
}
