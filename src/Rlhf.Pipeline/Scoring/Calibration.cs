using Rlhf.Learning.Rewards;

namespace Rlhf.Pipeline.Scoring;

/// <summary>What is measured of a model when it is loaded.</summary>
static class Calibration
{
    const int Tries = 3;

    const int Few = 4;

    const int Many = 32;

    /// <summary>What a pass costs besides its tokens, in tokens: from the times of a small pass and a large one.</summary>
    /// <exception cref="InvalidDataException">The model gives no finite outputs.</exception>
    public static double Overhead(IReadOnlyList<RewardModel> members, int context, TimeProvider time)
    {
        var length = Math.Min(32, context);
        // Of the sizes that passes have under load: one text alone is computed by another path of the libraries, and would look cheap.
        var (small, large) = (Seconds(members, Few, length, time), Seconds(members, Many, length, time));
        var perToken = (large - small) / ((Many - Few) * length);
        return perToken > 0 ? Math.Clamp(small / perToken - Few * length, 0, 4096) : 4096;
    }

    static double Seconds(IReadOnlyList<RewardModel> members, int rows, int length, TimeProvider time)
    {
        var best = double.PositiveInfinity;
        for (var i = 0; i <= Tries; i++)
        {
            var begun = time.GetTimestamp();
            foreach (var member in members) Check(member, ScoringPass.Ends(member, [.. Enumerable.Range(0, rows).Select(r => Text(member, r, length))]));
            // The first one compiles.
            if (i > 0) best = Math.Min(best, time.GetElapsedTime(begun).TotalSeconds);
        }
        return best;
    }

    static int[] Text(RewardModel member, int row, int length) =>
        [.. Enumerable.Range(0, length - 1).Select(t => (row * 31 + t * 17) % member.Tokenizer.VocabularySize), member.Tokenizer.EosId];

    static void Check(RewardModel member, float[] outputs)
    {
        if (Array.Find(outputs, o => !float.IsFinite(o)) is var bad && !float.IsFinite(bad))
            throw new InvalidDataException($"A reward model with {member.Tokenizer.VocabularySize} tokens scores a text {bad}; expected finite numbers. Its weights are damaged.");
    }
}
