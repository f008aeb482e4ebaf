namespace Rlhf.Learning.Rewards;

/// <summary>
/// The shape of a scoring pass, which follows from a text's length alone: a product of matrices of another shape may round otherwise in the last bit. In one shape a row's
/// result depends on nothing beside it, but where a library computes the edge of a matrix by other means it may depend on its place; <see cref="ScoringTiles"/> looks whether it does.
/// </summary>
/// <param name="Rows">Texts of a pass; rows that no text fills are padding.</param>
/// <param name="Length">Tokens of a row.</param>
public readonly record struct ScoringTile(int Rows, int Length)
{
    /// <summary>Tokens of a pass, at most.</summary>
    const int Tokens = 512;

    const int Shortest = 16;

    /// <summary>
    /// Lengths are 16, 24, 32, 48, 64, 96 …: at most a third of a row is padding. None is longer than the context. Rows are a power of two: products then have 384 or 512 rows,
    /// which blocks of the usual sizes divide.
    /// </summary>
    /// <exception cref="InvalidDataException">The text is longer than the context.</exception>
    public static ScoringTile Of(int length, int context)
    {
        if (length > context) throw new InvalidDataException($"A text of {length} tokens can't be scored; the reward model's context is {context}.");
        var bucket = Shortest;
        while (bucket < length) bucket = int.IsPow2(bucket) ? bucket + bucket / 2 : bucket / 3 * 4;
        var row = Math.Min(bucket, context);
        return new(1 << int.Log2(Math.Max(1, Tokens / row)), row);
    }
}
