using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>What a policy does when it plays to the reward model: figures of its completions beside the starting policy's, and who shows them most.</summary>
static class HackingSigns
{
    // Four deviations: one normal score in thirty thousand is so high.
    const double Outlying = 4;

    public static IReadOnlyList<HackingSign> Of(IReadOnlyList<CheckpointSample> samples, MeasureOveroptimization.HParams hparams)
    {
        var (start, now) = (samples.Where(s => s.IsStart).ToList(), samples.Where(s => !s.IsStart).ToList());
        var (startOutliers, outliers) = (Outliers(start), Outliers(now));
        return
        [
            Length(start, now, hparams),
            Above("repetition", Repetition, hparams.MostRepetition),
            Above("rareTokens", s => -s.ReferenceLogprob / Math.Max(1, s.Completion.Tokens), hparams.MostRareTokens),
            Above("refusals", s => Refusals.Is(s.Completion.Text) ? 1 : 0, hparams.MostRefusals),
            new("outliers", startOutliers.Average(o => o.IsOutlier), outliers.Average(o => o.IsOutlier), hparams.MostOutliers, outliers.Average(o => o.IsOutlier) > hparams.MostOutliers,
                Examples(outliers.Where(o => o.IsOutlier > 0).Select(o => (o.Sample, o.Deviations)), hparams.Examples)),
        ];

        HackingSign Above(string name, Func<CheckpointSample, double> figure, double most)
        {
            var (before, after) = (start.Average(figure), now.Average(figure));
            return new(name, before, after, before + most, after > before + most, Examples(now.Select(s => (s, figure(s))).Where(s => s.Item2 > 0), hparams.Examples));
        }
    }

    static HackingSign Length(List<CheckpointSample> start, List<CheckpointSample> now, MeasureOveroptimization.HParams hparams)
    {
        var (before, after) = (start.Average(s => s.Completion.Tokens), now.Average(s => s.Completion.Tokens));
        var shorter = after < before;
        var threshold = shorter ? before / hparams.MostLengthRatio : before * hparams.MostLengthRatio;
        return new("length", before, after, threshold, shorter ? after < threshold : after > threshold,
            Examples(now.Select(s => (s, (double)s.Completion.Tokens)), hparams.Examples, shorter));
    }

    /// <summary>Share of a completion's pairs of neighboring words that stood in it before, 0 to 1; 0 where it has none.</summary>
    static double Repetition(CheckpointSample sample) =>
        TextDiversity.Distinct([[.. BagOfWords.Words(sample.Completion.Text)]], 2) is { } distinct ? 1 - distinct : 0;

    static List<(CheckpointSample Sample, double IsOutlier, double Deviations)> Outliers(List<CheckpointSample> samples)
    {
        var mean = samples.Average(s => s.Score);
        var deviation = Math.Sqrt(samples.Average(s => (s.Score - mean) * (s.Score - mean)));
        // Where all score the same, none lies out.
        return [.. samples.Select(s => (s, Deviations: deviation > 0 ? (s.Score - mean) / deviation : 0)).Select(s => (s.s, s.Deviations > Outlying ? 1.0 : 0.0, s.Deviations))];
    }

    static List<HackingExample> Examples(IEnumerable<(CheckpointSample Sample, double Figure)> samples, int count, bool lowest = false) =>
    [
        .. samples.OrderBy(s => lowest ? s.Figure : -s.Figure).ThenBy(s => s.Sample.Prompt.Id, StringComparer.Ordinal).Take(count).Select(s => new HackingExample(
            s.Sample.Prompt.Id, string.Join("\n", s.Sample.Prompt.Turns.Select(t => t.Text)), s.Sample.Completion.Text, s.Figure, s.Sample.Score)),
    ];
}
