using System.Collections.Concurrent;

namespace Rlhf.Learning.Rewards;

/// <summary>
/// Scoring passes of fixed shapes by one model on this machine. Before a shape is used, one text is computed in all of its rows: where not all have the same bits, each text of
/// that length is computed alone from then on. So a text has the same bits in any company, on machines of one kind.
/// </summary>
sealed class ScoringTiles(RewardModel model)
{
    readonly ConcurrentDictionary<ScoringTile, ScoringTile> _checked = new();

    /// <summary>The head's output at the end of each text, in the order of asking.</summary>
    public float[] Ends(IReadOnlyList<int[]> texts, CancellationToken cancellationToken)
    {
        var outputs = new float[texts.Count];
        foreach (var same in Enumerable.Range(0, texts.Count).GroupBy(i => ScoringTile.Of(texts[i].Length, model.Model.Config.ContextLength)))
        {
            var tile = _checked.GetOrAdd(same.Key, Check);
            foreach (var rows in same.Chunk(tile.Rows))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var ends = ScoringPass.Ends(model, [.. rows.Select(i => texts[i])], tile);
                for (var k = 0; k < rows.Length; k++) outputs[rows[k]] = ends[k];
            }
        }
        return outputs;
    }

    ScoringTile Check(ScoringTile tile)
    {
        // Bits differ in few places of few texts, if they do.
        var differs = new[] { tile.Length, tile.Length - 1, tile.Length / 2 + 1 }.Any(length =>
        {
            int[] text = [.. Enumerable.Range(0, Math.Max(1, length)).Select(t => t * 37 % model.Tokenizer.VocabularySize)];
            return ScoringPass.Ends(model, [.. Enumerable.Repeat(text, tile.Rows)], tile).Distinct().Count() > 1;
        });
        return differs ? tile with { Rows = 1 } : tile;
    }
}
