using Rlhf.Learning.Evaluation;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Rewards;

/// <summary>A held-out pair with what the reward model says of it: scores, the log-odds of the judged side, and lengths in tokens.</summary>
sealed record EvaluatedPair(PreferencePair Pair, double Chosen, double Rejected, double LogOdds, double BaselineMargin, int ChosenLength, int RejectedLength)
{
    public double Margin => Chosen - Rejected;
}

/// <summary>The figures of a report card from evaluated pairs.</summary>
static class ReportCards
{
    public const string File = "card.json";

    public static RewardModelCard Of(IReadOnlyList<EvaluatedPair> pairs, PreferenceReport report, int ties, int members, LanguageLoss? loss)
    {
        if (pairs.Count == 0) throw new InvalidDataException("No held-out pair has a majority; expected at least one to measure the reward model on.");
        var calibration = CalibrationOf(pairs);
        return new(
            pairs.Count, Accuracy(pairs), Margins.Accuracy([.. pairs.Select(p => p.BaselineMargin)]),
            Margins.Accuracy([.. pairs.Select(p => (double)(p.Pair.Chosen.Length - p.Pair.Rejected.Length))]), pairs.Average(p => p.Margin),
            calibration.NegativeLogLikelihood, report.Simulated, ties, members, calibration, LengthOf(pairs), loss?.Before, loss?.After,
            Parts(pairs, p => AgreementBucket(p.Pair.Agreement)), Parts(pairs, Sources), Parts(pairs, LengthBucket))
        { JudgeShare = report.JudgeShare };
    }

    static double Accuracy(IEnumerable<EvaluatedPair> pairs) => Margins.Accuracy([.. pairs.Select(p => p.Margin)]);

    static CalibrationReport CalibrationOf(IReadOnlyList<EvaluatedPair> pairs)
    {
        var calibration = Calibration.Of([.. pairs.Select(p => p.LogOdds)]);
        return new(
            calibration.ExpectedCalibrationError, calibration.Brier, calibration.NegativeLogLikelihood, calibration.Temperature.Value,
            [.. calibration.Bins.Select(b => new ReliabilityRow(b.Lower, b.Upper, b.Count, b.Confidence, b.Frequency))]);
    }

    static LengthReport LengthOf(IReadOnlyList<EvaluatedPair> pairs)
    {
        var lengths = pairs.SelectMany(p => new[] { p.ChosenLength, p.RejectedLength }).Select(l => (double)l).ToList();
        var scores = pairs.SelectMany(p => new[] { p.Chosen, p.Rejected }).ToList();
        // There is no line where all lengths, or all scores, are the same.
        if (lengths.Distinct().Count() == 1 || scores.Distinct().Count() == 1) return new(null, null, null);
        var line = LengthBias.Of(lengths, scores);
        var decided = pairs.Count(p => Math.Sign(p.Margin) != Math.Sign(p.Margin - line.Slope * (p.ChosenLength - p.RejectedLength)));
        return new(line.Correlation, line.Slope, (double)decided / pairs.Count);
    }

    static List<PartAccuracy> Parts(IEnumerable<EvaluatedPair> pairs, Func<EvaluatedPair, string> part) =>
        [.. pairs.GroupBy(part).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new PartAccuracy(g.Key, g.Count(), Accuracy(g)))];

    static string AgreementBucket(double agreement) => agreement >= 1 ? "unanimous" : agreement >= 0.75 ? "0.75 to 1" : "below 0.75";

    static string Sources(EvaluatedPair pair) => pair.Pair.ChosenSource == pair.Pair.RejectedSource
        ? pair.Pair.ChosenSource is "" ? "unknown" : pair.Pair.ChosenSource
        : string.Join(" and ", new[] { pair.Pair.ChosenSource, pair.Pair.RejectedSource }.Order(StringComparer.Ordinal));

    static string LengthBucket(EvaluatedPair pair) =>
        Math.Abs(pair.ChosenLength - pair.RejectedLength) <= 0.1 * Math.Max(pair.ChosenLength, pair.RejectedLength) ? "about equal (within 10 %)"
        : pair.ChosenLength > pair.RejectedLength ? "better is longer" : "better is shorter";
}
