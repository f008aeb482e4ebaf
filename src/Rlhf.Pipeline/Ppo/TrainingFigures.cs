using Rlhf.Steps.Journal;

namespace Rlhf.Pipeline.Ppo;

/// <summary>What a training says of itself at its end: the mean score of its first rollout, and sequence KL and mean score of its last ones, the oldest first.</summary>
sealed record TrainingFigures(double? FirstScore, IReadOnlyList<double> Kls, IReadOnlyList<double> Scores)
{
    // The last updates whose mean stands for "after": one rollout alone is noisy.
    const int LastUpdates = 4;

    public const string Score = "objective/score", Kl = "objective/kl";

    public static TrainingFigures None { get; } = new(null, [], []);

    /// <summary>After the updates that the journal has, too.</summary>
    public TrainingFigures With(MetricJournal journal)
    {
        var (kls, scores) = (Of(journal, Kl), Of(journal, Score));
        return new(FirstScore ?? scores[0], [.. Kls.Concat(kls).TakeLast(LastUpdates)], [.. Scores.Concat(scores).TakeLast(LastUpdates)]);
    }

    static List<double> Of(MetricJournal journal, string metric) => [.. journal.Lines.Where(l => l.Metric == metric).Select(l => l.Value)];
}
