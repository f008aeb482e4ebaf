using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Overoptimization;

/// <summary>A judged comparison of a checkpoint with the starting policy.</summary>
/// <param name="Won">The checkpoint's part of the judgements, a tie being a half, 0 to 1.</param>
/// <param name="Strength">How much better the judgements find the checkpoint's, their mean, -3 to 3.</param>
/// <param name="Margin">Score of the checkpoint's completion less the other's.</param>
/// <param name="LogOdds">That the checkpoint's is the better one, by the reward model.</param>
sealed record JudgedCheckpoint(double Won, double Strength, double Margin, double LogOdds)
{
    public static List<JudgedCheckpoint> Of(IEnumerable<CollectedComparison> collected, SampledCheckpoint checkpoint, IReadOnlyList<CheckpointSample> samples)
    {
        var of = samples.ToDictionary(s => (s.Prompt.Id, s.IsStart));
        return [.. collected.Where(c => c.Judgements.Count > 0).Select(c =>
        {
            var isA = c.Comparison.A.Source == checkpoint.Policy;
            var deciding = Judgement.Deciding(c.Judgements);
            var won = deciding.Average(j => j.Side == Side.Tie ? 0.5 : j.Side == Side.A == isA ? 1 : 0);
            if (!of.TryGetValue((c.Comparison.PromptId, false), out var now) || !of.TryGetValue((c.Comparison.PromptId, true), out var start) || now.Completion.Text != (isA ? c.Comparison.A : c.Comparison.B).Text)
                throw new InvalidDataException($"Comparison {c.Comparison.Id} is not one of the checkpoint's samples; expected comparisons and samples of one step.");
            return new JudgedCheckpoint(won, deciding.Average(j => j.StrengthOf(isA ? Side.A : Side.B)), now.Score - start.Score, now.Scores.Zip(start.Scores, (a, b) => a - b).Zip(checkpoint.Gains, (margin, gain) => margin / gain).Average());
        })];
    }
}

/// <summary>How far the reward model's world has moved from the one it was trained in.</summary>
static class DistributionShifts
{
    /// <summary>The shift, and a sentence for each figure that could not be computed.</summary>
    public static (DistributionShift Shift, IReadOnlyList<string> Reasons) Of(
        SampledCheckpoint checkpoint, IReadOnlyList<CheckpointSample> samples, IReadOnlyList<JudgedCheckpoint> judged, RewardModelCard? card)
    {
        List<string> reasons = [];
        var decided = judged.Where(j => j.Won != 0.5).ToList();
        if (card is null) reasons.Add("No report card is given, so that nothing says what the reward model was worth when it was trained.");
        if (decided.Count == 0) reasons.Add("No comparison of the checkpoint was decided either way, so that nothing says what the reward model is worth on its pairs.");
        var ensemble = checkpoint.Gains.Count > 1;
        if (!ensemble) reasons.Add("The reward model is no ensemble, so that there is no disagreement among members.");
        return (new(
            card?.Accuracy, decided.Count > 0 ? Margins.Accuracy([.. decided.Select(j => j.Won > 0.5 ? j.Margin : -j.Margin)]) : null,
            card?.Calibration.Ece, decided.Count > 0 ? Calibration.Of([.. decided.Select(j => j.LogOdds)], [.. decided.Select(j => j.Won)]).ExpectedCalibrationError : null,
            ensemble ? Disagreement(samples.Where(s => s.IsStart)) : null, ensemble ? Disagreement(samples.Where(s => !s.IsStart)) : null, checkpoint.HiddenDistance), reasons);
    }

    /// <summary>A sentence for each threshold that the shift has passed.</summary>
    public static IEnumerable<string> Alarms(DistributionShift shift, int decided, RewardModelCard? card, MeasureOveroptimization.HParams hparams)
    {
        if (shift is { AccuracyThen: { } then, AccuracyNow: { } now } && hparams.MostAccuracyLoss < 1 && then - now > hparams.MostAccuracyLoss && then > WilsonInterval.Of(now * decided, decided, 0.95).Upper)
            yield return $"The reward model is right on {now:0.000} of the checkpoint's {decided} decided comparisons and was on {then:0.000} of {card!.Pairs} held-out pairs; 'mostAccuracyLoss' is {hparams.MostAccuracyLoss}.";
        if (shift is { CalibrationErrorThen: { } ece, CalibrationErrorNow: { } eceNow } && hparams.MostCalibrationLoss < 1 && eceNow - ece > hparams.MostCalibrationLoss)
            yield return $"Its calibration error is {eceNow:0.000} there and was {ece:0.000}; 'mostCalibrationLoss' is {hparams.MostCalibrationLoss}.";
        if (shift is { DisagreementThen: > 0 and var first, DisagreementNow: { } last } && hparams.MostDisagreement < 1000 && last / first > hparams.MostDisagreement)
            yield return $"Its members disagree by {last:0.000} on the checkpoint's completions and by {first:0.000} on the starting policy's; 'mostDisagreement' is {hparams.MostDisagreement}.";
        if (shift.HiddenDistance is { } distance && hparams.MostHiddenDistance < 1000 && distance > hparams.MostHiddenDistance)
            yield return $"Its hidden states lie {distance:0.00} deviations from those of the starting policy's completions; 'mostHiddenDistance' is {hparams.MostHiddenDistance}.";
    }

    /// <summary>Mean over the completions of the members' standard deviation (population).</summary>
    static double Disagreement(IEnumerable<CheckpointSample> samples) =>
        samples.Average(s => Math.Sqrt(s.Scores.Average(x => (x - s.Score) * (x - s.Score))));
}
