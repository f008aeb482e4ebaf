using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>Sequences of tokens as one right-padded tensor. Causal attention needs no mask for what follows the end.</summary>
public sealed class TokenBatch
{
    TokenBatch(Tensor tokens, Tensor lengths) => (Tokens, Lengths) = (tokens, lengths);

    /// <summary>[batch, time] int64.</summary>
    public Tensor Tokens { get; }

    /// <summary>[batch] int64.</summary>
    public Tensor Lengths { get; }

    /// <summary>Both tensors belong to the caller's dispose scope.</summary>
    public static TokenBatch Pad(IReadOnlyList<int[]> sequences, int padId, Device device) =>
        Pad(sequences, padId, sequences.Count, sequences.Max(s => s.Length), device);

    /// <summary>The same in a shape of its own: rows beyond the sequences are padding, of length 1.</summary>
    /// <param name="rows">At least as many as there are sequences.</param>
    /// <param name="time">At least as long as the longest.</param>
    public static TokenBatch Pad(IReadOnlyList<int[]> sequences, int padId, int rows, int time, Device device)
    {
        var data = new long[rows * time];
        Array.Fill(data, padId);
        for (var i = 0; i < sequences.Count; i++)
        {
            for (var t = 0; t < sequences[i].Length; t++) data[i * time + t] = sequences[i][t];
        }
        return new(
            tensor(data, [rows, time], device: device),
            tensor(sequences.Select(s => (long)s.Length).Concat(Enumerable.Repeat(1L, rows - sequences.Count)).ToArray(), device: device));
    }

    /// <summary>[batch, time] bool: true before each sequence's end.</summary>
    public Tensor Mask()
    {
        using var scope = NewDisposeScope();
        return (Range(Tokens.shape[1], device: Tokens.device).unsqueeze(0) < Lengths.unsqueeze(1)).MoveToOuterDisposeScope();
    }
}
