using System.Runtime.ExceptionServices;
using Rlhf.Learning.Rewards;
using TorchSharp;

namespace Rlhf.Pipeline.Scoring;

/// <summary>How a model is best computed here.</summary>
/// <param name="Overhead">What a pass costs besides its tokens, in tokens.</param>
/// <param name="PassThreads">Threads of a pass where others wait: so many passes side by side as the cores have room for.</param>
/// <param name="AloneThreads">Threads of a pass beside which nothing is to be done.</param>
sealed record Pace(double Overhead, int PassThreads, int AloneThreads);

/// <summary>What is measured of a model when it is loaded.</summary>
static class Calibration
{
    const int Tries = 3;

    // Texts of the passes that are timed, of the sizes that they have under load: one text alone is computed by other means of the libraries, and would look cheap.
    const int Few = 4;

    const int Many = 16;

    const int Tokens = 32;

    /// <summary>A pass of few texts that takes longer shares its work well among all threads, and takes long to measure.</summary>
    const double LongPass = 0.1;

    /// <summary>
    /// A small model's operations are so short that threads mostly wait for each other: passes of one thread side by side then give several times as many scores. So every number
    /// of threads that divides the cores by a power of two is tried, with as many passes side by side.
    /// </summary>
    /// <param name="passThreads">Threads of every pass on the CPU; null: what gives most scores, and for a pass alone what is quickest.</param>
    /// <exception cref="InvalidDataException">The model gives no finite outputs.</exception>
    public static Pace Measure(IReadOnlyList<RewardModel> members, int context, int? passThreads, TimeProvider time)
    {
        var (all, length) = (Cores.Own.Count, Math.Min(Tokens, context));
        double Seconds(int rows, int threads, int sideBySide) => Best(members, rows, length, threads, sideBySide, time);
        Pace With(int pass, int alone) => new(Overhead(Seconds(Few, pass, 1), Seconds(Many, pass, 1), length), pass, alone);
        if (members[0].Model.Device.type != DeviceType.CPU) return With(all, all);
        if (passThreads is { } given) return With(given, given);
        if (Seconds(Few, all, 1) > LongPass) return With(all, all);
        List<(int Threads, double Few, double Many)> tried = [.. Halves(all).Select(t => (t, Seconds(Few, t, 1), Seconds(Many, t, all / t) / (all / t)))];
        return With(tried.MinBy(t => t.Many).Threads, tried.MinBy(t => t.Few).Threads);
    }

    static IEnumerable<int> Halves(int all)
    {
        for (var threads = all; threads >= 1; threads /= 2) yield return threads;
    }

    static double Overhead(double few, double many, int length)
    {
        var perToken = (many - few) / ((Many - Few) * length);
        return perToken > 0 ? Math.Clamp(few / perToken - Few * length, 0, 4096) : 4096;
    }

    /// <summary>The shortest time of a pass while so many are computed side by side, of the slowest of these.</summary>
    static double Best(IReadOnlyList<RewardModel> members, int rows, int length, int threads, int sideBySide, TimeProvider time)
    {
        var best = new double[sideBySide];
        using Barrier start = new(sideBySide);
        Together(start, place =>
        {
            best[place] = double.PositiveInfinity;
            // The first one compiles.
            for (var i = 0; i <= Tries; i++)
            {
                start.SignalAndWait();
                Cores.Own.Compute(threads, () =>
                {
                    var begun = time.GetTimestamp();
                    foreach (var member in members) Check(member, ScoringPass.Ends(member, [.. Enumerable.Range(0, rows).Select(r => Text(member, r, length))]));
                    if (i > 0) best[place] = Math.Min(best[place], time.GetElapsedTime(begun).TotalSeconds);
                });
            }
        });
        return best.Max();
    }

    /// <summary>On threads of their own: a thread of the pool would keep the number of threads that it computed with.</summary>
    static void Together(Barrier start, Action<int> action)
    {
        Exception? failed = null;
        List<Thread> threads = [.. Enumerable.Range(0, start.ParticipantCount).Select(place => new Thread(() =>
        {
            try
            {
                action(place);
            }
            catch (Exception e)
            {
                failed = e;
                start.RemoveParticipant();
            }
        }) { IsBackground = true, Name = "measures a reward model" })];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (failed is not null) ExceptionDispatchInfo.Throw(failed);
    }

    static int[] Text(RewardModel member, int row, int length) =>
        [.. Enumerable.Range(0, length - 1).Select(t => (row * 31 + t * 17) % member.Tokenizer.VocabularySize), member.Tokenizer.EosId];

    static void Check(RewardModel member, float[] outputs)
    {
        if (Array.Find(outputs, o => !float.IsFinite(o)) is var bad && !float.IsFinite(bad))
            throw new InvalidDataException($"A reward model with {member.Tokenizer.VocabularySize} tokens scores a text {bad}; expected finite numbers. Its weights are damaged.");
    }
}
