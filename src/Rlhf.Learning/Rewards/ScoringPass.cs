using Rlhf.Learning.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>One forward pass of a reward model over several texts; no gradient. Outputs are the head's and may be anything, also not finite.</summary>
public static class ScoringPass
{
    /// <summary>The head's output at the end of each text.</summary>
    /// <param name="rows">Token ids of each text.</param>
    /// <param name="tile">The shape of the pass; null: as many rows as texts, as long as the longest.</param>
    public static float[] Ends(RewardModel model, IReadOnlyList<int[]> rows, ScoringTile? tile = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return model.Raw(Batch(model, rows, tile)).to(ScalarType.Float32).cpu().data<float>().ToArray()[..rows.Count];
    }

    /// <summary>The head's output at the end of each text of each row.</summary>
    public static float[][] Ends(RewardModel model, IReadOnlyList<ScoringRow> rows)
    {
        if (rows.All(r => r.Endings.Count == 1)) return [.. Ends(model, [.. rows.Select(r => (int[])[.. r.Prefix, .. r.Endings[0]])]).Select(end => (float[])[end])];
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var batch = RowBatch.Pad(rows, model.Tokenizer.PadId, model.Model.Device);
        var ends = model.RawAt(batch).to(ScalarType.Float32).cpu().data<float>().ToArray();
        var next = 0;
        return [.. rows.Select(r => ends[next..(next += r.Endings.Count)])];
    }

    /// <summary>The head's output at every token of each text; an array of each text's own length.</summary>
    public static float[][] Everywhere(RewardModel model, IReadOnlyList<int[]> rows)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var outputs = model.RawAtTokens(Batch(model, rows, null)).to(ScalarType.Float32).cpu(); // [batch, time]
        var (values, time) = (outputs.data<float>().ToArray(), (int)outputs.shape[1]);
        return [.. rows.Select((row, i) => values[(i * time)..(i * time + row.Length)])];
    }

    static TokenBatch Batch(RewardModel model, IReadOnlyList<int[]> rows, ScoringTile? tile) => tile is { } shape
        ? TokenBatch.Pad(rows, model.Tokenizer.PadId, shape.Rows, shape.Length, model.Model.Device)
        : TokenBatch.Pad(rows, model.Tokenizer.PadId, model.Model.Device);
}
