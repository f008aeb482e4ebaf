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
            foreach (var (prompt, completion, count) in new[] { (60, 30, 4), (60, 30, 16), (100, 20, 8) }) PrintShared(model, prompt, completion, count);
        }
    }

    /// <summary>Completions of two prompts, each text whole and behind a beginning that is computed once.</summary>
    static void PrintShared(RewardModel model, int prompt, int completion, int count)
    {
        List<ScoredText> texts = [.. Enumerable.Range(0, 2 * count).Select(i => new ScoredText(
            [.. Enumerable.Range(0, prompt).Select(t => (i / count * 31 + t * 17) % model.Tokenizer.VocabularySize), .. Enumerable.Range(0, completion).Select(t => (i * 29 + t * 13) % model.Tokenizer.VocabularySize)], prompt))];
        List<ScoringRow> shared = [.. ScoringRow.Share(texts, model.Model.Config, 1024).Select(r => r.Row)];
        List<int[]> whole = [.. texts.Select(t => t.Tokens)];
        var (one, other) = (Best(() => ScoringPass.Ends(model, whole)), Best(() => ScoringPass.Ends(model, shared)));
        Console.WriteLine($"  2 prompts of {prompt} tokens with {count} completions of {completion} each: {one:0.0} ms, shared in {shared.Count} rows {other:0.0} ms ({one / other:0.00}x)");
    }

    static double Best(RewardModel model, int rows, int length)
    {
        int[][] texts = [.. Enumerable.Range(0, rows).Select(r => (int[])[.. Enumerable.Range(0, length).Select(t => (r * 31 + t * 17) % model.Tokenizer.VocabularySize)])];
        return Best(() => ScoringPass.Ends(model, texts));
    }

    static double Best(Action pass)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i < 12; i++)
        {
            var clock = Stopwatch.StartNew();
            pass();
            best = Math.Min(best, clock.Elapsed.TotalMilliseconds);
        }
        return best;
    }
}
