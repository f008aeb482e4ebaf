using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Randomness;
using Rlhf.Learning.Rewards;
using TorchSharp;

namespace Rlhf.Pipeline.Scoring;

/// <summary>What reward models compute in.</summary>
public enum Precision
{
    /// <summary>bfloat16 on CUDA where the ranking check allows it, float32 everywhere else.</summary>
    Auto,
    Float32,
    BFloat16,
    Float16,
}

/// <summary>Reward models in a shorter type, and the check that it keeps the order of texts.</summary>
static class Precisions
{
    /// <summary>The least Kendall τ between the scores in float32 and those in a shorter type.</summary>
    public const double LeastTau = 0.99;

    const int CalibrationTexts = 128;

    /// <summary>The members in that precision; those that were given are disposed of where others take their place.</summary>
    /// <param name="log">Takes a line where the automatic choice falls back to float32.</param>
    /// <exception cref="InvalidDataException">A shorter type that was asked for by name does not keep the order.</exception>
    public static (IReadOnlyList<RewardModel> Members, Precision Precision) Apply(Precision asked, IReadOnlyList<RewardModel> members, Action<string> log)
    {
        var isCuda = members[0].Model.Device.type == DeviceType.CUDA;
        var wanted = asked == Precision.Auto ? isCuda ? Precision.BFloat16 : Precision.Float32 : asked;
        if (wanted == Precision.Float32) return (members, wanted);
        var shorter = members.Select(m => m.To(wanted == Precision.BFloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float16)).ToList();
        var tau = members.Zip(shorter, Tau).Min();
        var leaving = tau >= LeastTau ? members : shorter;
        foreach (var member in leaving) member.Dispose();
        if (tau >= LeastTau) return (shorter, wanted);
        var sentence = $"In {$"{wanted}".ToLowerInvariant()} {CalibrationTexts} texts are ranked with a Kendall tau of {tau:0.0000} to float32; expected at least {LeastTau}";
        if (asked != Precision.Auto) throw new InvalidDataException($"{sentence}. The model is served in float32 alone.");
        log($"{sentence}, so float32 is used.");
        return (members, Precision.Float32);
    }

    /// <summary>Between the scores of both on texts of random tokens, of lengths up to half the context.</summary>
    internal static double Tau(RewardModel exact, RewardModel shorter)
    {
        var texts = Enumerable.Range(0, CalibrationTexts).Select(i =>
        {
            double Uniform(uint t) => CounterRandom.Uniform(11, (ulong)i, 0, t);
            var length = 4 + (int)(Uniform(0) * Math.Min(128, exact.Model.Config.ContextLength / 2));
            return (int[])[.. Enumerable.Range(0, length - 1).Select(t => (int)(Uniform((uint)t + 1) * exact.Tokenizer.VocabularySize)), exact.Tokenizer.EosId];
        }).ToList();
        float[] Scores(RewardModel model) => [.. texts.Chunk(16).SelectMany(chunk => ScoringPass.Ends(model, chunk))];
        var (a, b) = (Scores(exact), Scores(shorter));
        // Numbers that are none order nothing.
        return b.All(float.IsFinite) && b.Distinct().Count() > 1 ? KendallTau.Of(a, b) : 0;
    }
}
