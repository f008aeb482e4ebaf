using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Preferences;

/// <summary>What a pair counts by its age and by who judged it. Held-out pairs measure, and count alike.</summary>
sealed class PairWeights
{
    readonly BuildPreferences.HParams _hparams;
    readonly int? _round;

    PairWeights(BuildPreferences.HParams hparams, int? round) => (_hparams, _round) = (hparams, round);

    /// <exception cref="ArgumentException">Age counts, and the round is not given.</exception>
    public static PairWeights Of(BuildPreferences.HParams hparams, int? round) =>
        round is null && (hparams.AgeWeight < 1 || hparams.Replay < 1)
            ? throw new ArgumentException($"'ageWeight' is {hparams.AgeWeight} and 'replay' {hparams.Replay}, but 'round' is not given; expected the number of the round, by which pairs grow old, or 1 for both.")
            : new(hparams, round);

    public PreferencePair Weighted(PreferencePair pair, JudgedComparison judged)
    {
        if (pair.HeldOut) return pair;
        // What was judged before rounds were written down is as old as it can be.
        var age = Math.Max(0, (_round ?? 0) - (judged.Round ?? 1));
        var replayed = age == 0 || _hparams.Replay == 1 || Seeds.Uniform(_round ?? 0, "replay", pair.ComparisonId) < _hparams.Replay;
        var byJudges = judged.Judgements.All(j => j.Kind == LabelerKind.Judge);
        return pair with { Weight = replayed ? pair.Weight * Math.Pow(_hparams.AgeWeight, age) * (byJudges ? _hparams.JudgeWeight : 1) : 0 };
    }
}
