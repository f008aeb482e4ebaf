using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>What a number was computed from: the update (from 1; null outside a training), the items' ids, and their token sequences.</summary>
public sealed record TrainingBatch(int? Update, IReadOnlyList<string> Ids, IReadOnlyList<int[]> Sequences)
{
    const int Shown = 4;

    /// <summary>The value of a scalar tensor.</summary>
    /// <exception cref="NonFiniteException">It is NaN or infinite.</exception>
    public float Finite(string tensor, Tensor scalar)
    {
        var value = (float)scalar.Value();
        return float.IsFinite(value) ? value : throw NotFinite(tensor, value);
    }

    /// <summary>Checks every entry of a tensor at the price of one sum.</summary>
    /// <exception cref="NonFiniteException">The sum of all magnitudes is NaN or infinite.</exception>
    public void AllFinite(string tensor, Tensor values)
    {
        using var scope = NewDisposeScope();
        Finite(tensor, values.detach().abs().sum());
    }

    /// <summary>The error that names tensor, value, update and the first ids.</summary>
    public NonFiniteException NotFinite(string tensor, double value)
    {
        var update = Update is { } number ? $" at update {number}" : "";
        var ids = Ids.Count == 0 ? "" : $" (batch {string.Join(", ", Ids.Take(Shown))}{(Ids.Count > Shown ? ", …" : "")})";
        return new($"The {tensor} is {value}{update}{ids}; expected finite numbers.", value, tensor, this);
    }
}
