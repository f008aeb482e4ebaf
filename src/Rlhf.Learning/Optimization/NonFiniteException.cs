namespace Rlhf.Learning.Optimization;

/// <summary>A loss, a score, a log-probability or a gradient that is NaN or infinite, with the batch it came from; nothing was changed.</summary>
public sealed class NonFiniteException(string message, double value, string tensor, TrainingBatch batch) : NotFiniteNumberException(message, value)
{
    /// <summary>Name of the tensor, such as <c>loss</c> or <c>gradient of model.norm.weight</c>.</summary>
    public string Tensor => tensor;

    /// <summary>Ids of the batch's items, in the batch's order.</summary>
    public IReadOnlyList<string> Ids => batch.Ids;

    /// <summary>Token ids of each item's sequences; as many as <see cref="Ids"/>, or a multiple of them where an item has several.</summary>
    public IReadOnlyList<int[]> Sequences => batch.Sequences;
}
