namespace Rlhf.Learning.Optimization;

/// <summary>A loss, score or gradient that is not a number: the update stops, and the batch can be looked at.</summary>
/// <param name="tensor">What is not finite.</param>
/// <param name="value">What it is.</param>
/// <param name="update">The update, from 1.</param>
/// <param name="ids">What the batch is of: comparisons, prompts or texts.</param>
/// <param name="sequences">The batch's token ids.</param>
public sealed class NonFiniteException(string tensor, double value, int update, IReadOnlyList<string> ids, IReadOnlyList<int[]> sequences)
    : Exception($"'{tensor}' is {value} at update {update} ({string.Join(", ", ids.Take(8))}{(ids.Count > 8 ? ", …" : "")}); expected a finite number.")
{
    public string Tensor => tensor;

    public IReadOnlyList<string> Ids => ids;

    public IReadOnlyList<int[]> Sequences => sequences;
}
