using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Keys and values of every layer for a fixed number of slots; what a slot attends to is decided by its position alone.</summary>
public sealed class KeyValueCache : IDisposable
{
    internal KeyValueCache(DecoderConfig config, int slots, int length, Device device)
    {
        (Slots, Length) = (slots, length);
        using var scope = NewDisposeScope();
        long[] shape = [slots, config.NumKeyValueHeads, length, config.HeadSize];
        Layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => (Zeros(shape, device), Zeros(shape, device)))];
        FirstRows = Range(slots * config.NumKeyValueHeads, device: device).mul_(Number(length)).view(slots, -1).DetachFromDisposeScope();
        Ages = Range(length, device: device).DetachFromDisposeScope();
    }

    /// <summary>Number of sequences held at a time.</summary>
    public int Slots { get; }

    /// <summary>Positions per slot.</summary>
    public int Length { get; }

    /// <summary>Per layer, each [slots, key/value heads, length, head size].</summary>
    internal (Tensor Keys, Tensor Values)[] Layers { get; }

    /// <summary>Where position 0 of each slot and head lies, counted in heads of numbers, [slots, key/value heads].</summary>
    internal Tensor FirstRows { get; }

    /// <summary>0, 1, ... length - 1.</summary>
    internal Tensor Ages { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values) in Layers)
        {
            keys.Dispose();
            values.Dispose();
        }
        FirstRows.Dispose();
        Ages.Dispose();
    }

    static Tensor Zeros(long[] shape, Device device) => zeros(shape, ScalarType.Float32, device).DetachFromDisposeScope();
}
