using Rlhf.Learning.Models;

namespace Rlhf.Learning.Planning;

/// <summary>
/// Bytes that a decoder takes while it samples, scores and is trained, in float32; from its shape alone, nothing is allocated. What libtorch's operations keep
/// for the backward pass is counted operation by operation, as <c>DecoderLayer</c> and <c>Norm</c> do them; temporaries of a few numbers a row are left out.
/// </summary>
/// <param name="config">The decoder's shape.</param>
/// <param name="adapter">The low-rank adapter that is trained in place of the weights, or null.</param>
public sealed class DecoderMemory(DecoderConfig config, LowRankConfig? adapter = null)
{
    const long Number = sizeof(float);

    // A file of a checkpoint lies in memory as its bytes; optimizer and clip make temporaries of a slice.
    const long CheckpointFile = 1L << 29, Slice = Number << 24;

    readonly long _hidden = config.HiddenSize, _intermediate = config.IntermediateSize;
    readonly long _queries = (long)config.NumAttentionHeads * config.HeadSize, _keyValues = (long)config.NumKeyValueHeads * config.HeadSize;

    /// <summary>Numbers in the model, its adapter not counted.</summary>
    public long Parameters { get; } = config.ParameterShapes().Sum(s => s.Shape.Aggregate(1L, (a, b) => a * b));

    /// <summary>Numbers that training changes.</summary>
    public long Trainable => adapter is null ? Parameters : LowRankAdapter.Shapes(adapter, config).Sum(s => s.Shape.Aggregate(1L, (a, b) => a * b));

    /// <summary>A frozen copy.</summary>
    public long Weights => Number * Parameters;

    /// <summary>Weights, gradients and both moments of AdamW; with an adapter the weights once and the rest for the adapter.</summary>
    public long Training => Weights + (adapter is null ? 0 : Number * Trainable) + 3 * Number * Trainable;

    /// <summary>What an optimizer step, or the checkpoint after it, takes for a moment.</summary>
    public long Step => Math.Max(Math.Min(Number * Trainable, Slice), Math.Min(3 * Number * Trainable, CheckpointFile));

    /// <summary>Keys and values of so many sequences.</summary>
    public long Cache(long slots, long positions) => 2 * Number * config.NumHiddenLayers * slots * positions * _keyValues;

    /// <summary>Logits of a decoding step and the draw, which computes in float64.</summary>
    public long Draw(long slots) => slots * config.VocabSize * (2 * Number + 3 * sizeof(double) + 1);

    /// <summary>Logits of so many positions, once.</summary>
    public long Logits(long rows) => Number * rows * config.VocabSize;

    /// <summary>A pass without gradients: one layer's temporaries and the stream.</summary>
    public long Forward(long rows) => Number * rows * (2 * _hidden + Layer());

    /// <summary>What is kept of a pass over so many positions until its backward pass; with checkpoints each layer's input and one whole layer.</summary>
    public long Kept(long rows, bool checkpoints) =>
        Number * rows * (checkpoints ? config.NumHiddenLayers * _hidden + Layer() : config.NumHiddenLayers * Layer());

    /// <summary>
    /// What the backward pass takes in addition: gradients of one layer's activations, and that of the largest weight before it is added up, of a tied
    /// embedding twice, where there are logits.
    /// </summary>
    public long Backward(long rows, bool logits) =>
        Number * (rows * ((IsGated ? 4 : 2) * _intermediate + 3 * _hidden)
            + (adapter is null ? (logits && config.TieWordEmbeddings ? 2 : 1) * config.VocabSize * _hidden : 0));

    bool IsGated => !config.IsGpt2;

    /// <summary>Numbers a row that a layer keeps.</summary>
    long Layer()
    {
        // A norm keeps its input (which is the stream), its output for the product behind it, and where its own weight is trained, what that multiplies.
        var norm = config.IsGpt2 || adapter is not null ? 2 * _hidden : 3 * _hidden;
        var projected = _queries + 2 * _keyValues;
        var turned = config.IsGpt2 ? 0 : 2 * (_queries + _keyValues);
        var headNorms = config.HasHeadNorms ? 2 * (_queries + _keyValues) : 0;
        var repeated = config.NumKeyValueHeads == config.NumAttentionHeads ? 0 : 2 * _queries;
        var attention = norm + projected + headNorms + turned + repeated + _queries + config.NumAttentionHeads;
        return attention + norm + (IsGated ? 4 : 2) * _intermediate;
    }
}
