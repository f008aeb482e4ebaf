using System.Diagnostics;
using Rlhf.Learning.Rewards;

namespace Rlhf.ScoringLoad;

/// <summary>What one pass of a model costs, by texts and tokens.</summary>
static class Passes
{
    public static void Print()
    {
        foreach (var shape in Shape.All)
        {
            using var model = shape.Make();
            Console.WriteLine($"{shape.Name}: milliseconds of a pass (and microseconds a text)");
            foreach (var length in new[] { 16, 32, 64, 128 })
                Console.WriteLine($"  {length,3} tokens: {string.Join("   ", new[] { 1, 2, 4, 8, 16, 32, 64 }.Select(rows => (Rows: rows, Took: Best(model, rows, length))).Select(p => $"{p.Rows} {p.Took:0.00} ({p.Took / p.Rows * 1000:0})"))}");
        }
    }

    static double Best(RewardModel model, int rows, int length)
    {
        int[][] texts = [.. Enumerable.Range(0, rows).Select(r => (int[])[.. Enumerable.Range(0, length).Select(t => (r * 31 + t * 17) % model.Tokenizer.VocabularySize)])];
        var best = double.PositiveInfinity;
        for (var i = 0; i < 12; i++)
        {
            var clock = Stopwatch.StartNew();
            ScoringPass.Ends(model, texts);
            best = Math.Min(best, clock.Elapsed.TotalMilliseconds);
        }
        return best;
    }
}
