using System.Globalization;
using System.Text;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Ppo;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Overoptimization;

sealed class MeasureOveroptimizationStep : Step<MeasureOveroptimization.Inputs, MeasureOveroptimization.HParams, MeasureOveroptimization.Outputs>
{
    public override StepDescription Description => MeasureOveroptimization.Description;

    protected override async Task<StepResult> RunAsync(
        MeasureOveroptimization.Inputs inputs, MeasureOveroptimization.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Training is { Kind: not StoppedTraining.Kind } other) throw new ArgumentException($"'training' is {other.Short}; expected a {StoppedTraining.Kind}.");
        var (checkpoint, samples) = await context.Artifacts.ReadSamplesAsync(inputs.Samples, cancellationToken);
        var collected = await context.Artifacts.ReadCollectedAsync(inputs.Judgements, await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken), cancellationToken);
        var judged = JudgedCheckpoint.Of(collected, checkpoint, samples);
        if (judged.Count == 0) throw new InvalidDataException($"No comparison of {inputs.Comparisons.Short} has a judgement in {inputs.Judgements.Short}; expected at least one to measure gold by.");
        var card = inputs.ReportCard is { } reportCard ? await context.Artifacts.ReadJsonAsync<RewardModelCard>(reportCard, ReportCards.File, cancellationToken) : null;

        var earlier = await EarlierAsync(inputs, checkpoint, context.Artifacts, cancellationToken);
        List<OveroptimizationPoint> points = [.. earlier?.Points ?? [], PointOf(inputs, checkpoint, samples, judged, collected)]; // 1. proxy and gold here
        var decision = StopRule.Decide([.. points.Select(p => new CheckpointPoint(p.Kl, Of(p.Proxy), Of(p.Gold)))], hparams.Resamples);                                                  // 2. the law
        var (shift, gaps) = DistributionShifts.Of(checkpoint, samples, judged, card);                                                                                                  // 3. the reward model's world
        var alarms = DistributionShifts.Alarms(shift, judged.Count(j => j.Won != 0.5), card, hparams).ToList();
        var signs = HackingSigns.Of(samples, hparams);                                                                                                                                 // 4. what it plays to
        List<string> stops = [.. new[] { hparams.StopAtPrediction ? decision.Reached : null, hparams.StopAtFall ? decision.Fell : null }.OfType<string>()];
        var verdict = stops.Count > 0 ? MonitorVerdict.Stop : alarms.Count > 0 ? MonitorVerdict.Refresh : inputs.Training is null ? MonitorVerdict.Stop : MonitorVerdict.Continue;
        var best = points[decision.Best];
        var toReference = best.KlToReference ?? throw new InvalidDataException($"The point of {best.Policy.Short} in {inputs.Overoptimization?.Short} has no KL to the reference policy; expected one, as every checkpoint's point has it.");
        var report = new OveroptimizationReport(
            checkpoint.Reference, checkpoint.Start, checkpoint.RewardModel, points, decision.Law.Fit is { } fit ? FitOf(fit, OveroptimizationLaw.Rl) : null, decision.Law.Refused, decision.PartsAt,
            verdict, best.Policy, [.. stops, .. alarms, .. inputs.Training is null ? ["The training is at its end."] : Array.Empty<string>(), .. decision.Law.Fit?.Remarks ?? [], .. signs.Where(s => s.Alarm).Select(Sentence), .. gaps])
        {
            QuadraticFit = decision.Quadratic.Fit is { } quadratic ? FitOf(quadratic, OveroptimizationLaw.BestOfN) : null,
            Shift = shift,
            Signs = signs,
            Outlook = OutlookOf(decision.Law.Fit, points[^1].Kl, inputs.Round),
            BestOfN = earlier?.BestOfN ?? [],
            BestOfNFit = earlier?.BestOfNFit,
        };
        foreach (var sentence in stops.Concat(alarms).Concat(signs.Where(s => s.Alarm).Select(Sentence))) context.Notice(sentence);
        var artifact = await context.Artifacts.PutAsync(OveroptimizationReport.Kind, new Dictionary<string, byte[]>
        {
            [OveroptimizationReport.File] = CanonicalJson.Serialize(report),
            [OveroptimizationReport.PointsFile] = Encoding.UTF8.GetBytes(Csv(points)),
        }, cancellationToken);
        return Completed(new(artifact, best.Policy, best.Kl, best.MeanScore, best.Gold.Value, toReference), $"{verdict}");
    }

    /// <summary>
    /// What was known before: of checkpoints of the same training, of ends of others that started from the same policy against the same reward model, or of that
    /// reward model by best-of-n.
    /// </summary>
    static async Task<OveroptimizationReport?> EarlierAsync(
        MeasureOveroptimization.Inputs inputs, SampledCheckpoint checkpoint, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        if (inputs.Overoptimization is not { } artifact) return null;
        var earlier = await artifacts.ReadJsonAsync<OveroptimizationReport>(artifact, OveroptimizationReport.File, cancellationToken);
        foreach (var (name, measured, given) in new[]
                 {
                     ("starting policy", earlier.Start, checkpoint.Start), ("reward model", earlier.RewardModel, checkpoint.RewardModel),
                     ("reference policy", earlier.Points.Count == 0 ? checkpoint.Reference : earlier.Reference, checkpoint.Reference), // A probe by best-of-n has none.
                 })
            if (measured != given) throw new ArgumentException($"The {name} of {artifact.Short} is {measured.Short}; expected {given.Short}, that of {inputs.Samples.Short}.");
        if (earlier.Points.FirstOrDefault(p => p.Policy == checkpoint.Policy) is { } known)
            throw new ArgumentException($"{checkpoint.Policy.Short}, at update {known.Update}, is among the points of {artifact.Short} already; expected another checkpoint.");
        return earlier;
    }

    static OveroptimizationPoint PointOf(
        MeasureOveroptimization.Inputs inputs, SampledCheckpoint checkpoint, IReadOnlyList<CheckpointSample> samples, List<JudgedCheckpoint> judged, IReadOnlyList<CollectedComparison> collected)
    {
        var now = samples.Where(s => !s.IsStart).Select(s => s.Score).ToList();
        var proxy = ScoreScale.Of([.. samples.Where(s => s.IsStart).Select(s => s.Score)]).MeanOf(now);
        var judgements = collected.SelectMany(c => c.Judgements).ToList();
        return new(
            checkpoint.Policy, inputs.Update, Math.Max(0, checkpoint.Kl), Of(proxy), Of(JudgedGain.Of([.. judged.Select(j => j.Strength)])), now.Count, judged.Count, judgements.Any(j => j.Simulated))
        { MeanScore = now.Average(), KlToReference = checkpoint.KlToReference, JudgeShare = JudgedBy.JudgeShare(judgements) };
    }

    static RoundOutlook? OutlookOf(FittedLaw? law, double kl, int? round) => law is null || round is not { } k || !(kl > 0) ? null
        : NextRound.Predict(law, kl, k) is var next ? new(k, Of(next.OneMoreRound), Of(next.TrainingLonger), NextRound.Assumptions) : null;

    internal static LawFit FitOf(FittedLaw fit, OveroptimizationLaw law) => new(law, Of(fit.Alpha), Of(fit.Beta), Of(fit.BestKl), Of(fit.BestGain), fit.R2, fit.Points);

    static string Sentence(HackingSign sign) =>
        $"A sign of reward hacking: {sign.Words.Name}{(sign.Words.Unit is { } unit ? $" ({unit})" : "")}, {sign.Now.ToString("0.###", CultureInfo.InvariantCulture)} now and {sign.Before.ToString("0.###", CultureInfo.InvariantCulture)} for the starting policy; the threshold is {sign.Threshold.ToString("0.###", CultureInfo.InvariantCulture)}.";

    static string Csv(IEnumerable<OveroptimizationPoint> points) => string.Concat(points
        .Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Kl},{p.Gold.Value},{Weight(p)},{p.Gold.Lower},{p.Gold.Upper},{p.Proxy.Value},{p.Proxy.Lower},{p.Proxy.Upper},{p.Update},{p.Policy}\n"))
        .Prepend("kl,gold,weight,gold_lower,gold_upper,proxy,proxy_lower,proxy_upper,update,policy\n"));

    // One over the squared standard error, as the fit has it.
    static double Weight(OveroptimizationPoint point) => 1 / Math.Pow(Of(point.Gold).StandardError, 2);

    static Estimate Of(Interval interval) => new(interval.Value, interval.Lower, interval.Upper);

    static Interval Of(Estimate estimate) => new(estimate.Value, estimate.Lower, estimate.Upper);
}
