using System.Globalization;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Overoptimization;

sealed class ProbeRewardModelStep : Step<ProbeRewardModel.Inputs, ProbeRewardModel.HParams, ProbeRewardModel.Outputs>
{
    public override StepDescription Description => ProbeRewardModel.Description;

    protected override async Task<StepResult> RunAsync(
        ProbeRewardModel.Inputs inputs, ProbeRewardModel.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var (pools, samples, asked) = await context.Artifacts.ReadPoolsAsync(inputs.Samples, cancellationToken);
        var collected = await context.Artifacts.ReadCollectedAsync(inputs.Judgements, await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken), cancellationToken);
        var judged = Judged(inputs, pools, asked, collected);
        var points = PointsOf(pools, samples, judged);
        var together = JudgedGain.Of([.. judged.Select(j => j.Strength)]);
        var hopeless = together.Lower <= hparams.LeastGain;
        var law = LawFitting.Fit(Law.BestOfN, [.. points.Select(p => new GoldPoint(p.Kl, p.Gold.Value, Of(p.Gold).StandardError is > 0 and var error ? error : null))], hparams.Resamples);
        var said = string.Create(CultureInfo.InvariantCulture,
            $"What the reward model calls the best of n is {together.Value:0.00} ({together.Lower:0.00} to {together.Upper:0.00}) deviations better than one more completion, by {judged.Count} comparisons; {(hopeless ? "that is not for certain more than" : "the lower bound is above")} {hparams.LeastGain:0.##}.");
        context.Notice(said);
        IReadOnlyList<string> ofLaw = law.Fit?.Remarks ?? [$"Of best-of-n: {law.Refused}"];
        var report = new OveroptimizationReport(
            pools.Policy, pools.Policy, pools.RewardModel, [], null, "No law was fitted: no checkpoint of a training was measured yet.", null,
            hopeless ? MonitorVerdict.Stop : MonitorVerdict.Continue, null, [said, .. ofLaw])
        { BestOfN = points, BestOfNFit = law.Fit is { } fit ? MeasureOveroptimizationStep.FitOf(fit, OveroptimizationLaw.BestOfN) : null };
        var artifact = await context.Artifacts.PutAsync(
            OveroptimizationReport.Kind, new Dictionary<string, byte[]> { [OveroptimizationReport.File] = CanonicalJson.Serialize(report) }, cancellationToken);
        return Completed(new(artifact, together.Value), hopeless ? "Hopeless" : "Continue");
    }

    /// <summary>A comparison about the best of n: how much better the judgements find it, their mean, -3 to 3.</summary>
    sealed record JudgedBest(int N, double Strength, IReadOnlyList<Judgement> Judgements);

    static List<JudgedBest> Judged(ProbeRewardModel.Inputs inputs, SampledPools pools, List<AskedBest> asked, IReadOnlyList<CollectedComparison> collected)
    {
        var of = asked.ToDictionary(a => a.ComparisonId);
        List<JudgedBest> judged = [.. collected.Where(c => c.Judgements.Count > 0).Select(c =>
        {
            if (!of.TryGetValue(c.Comparison.Id, out var about))
                throw new InvalidDataException($"Comparison {c.Comparison.Id} is not one of {inputs.Samples.Short}; expected comparisons and samples of one step.");
            // The one beside the pool has the sample behind the pool's last.
            var isA = c.Comparison.B.Sample == pools.PoolSize;
            return new JudgedBest(about.N, Judgement.Deciding(c.Judgements).Average(j => j.StrengthOf(isA ? Side.A : Side.B)), c.Judgements);
        })];
        if (pools.BestOf.FirstOrDefault(n => judged.All(j => j.N != n)) is > 0 and var none)
            throw new InvalidDataException($"No comparison about the best of {none} has a judgement in {inputs.Judgements.Short}; expected one at least.");
        return judged;
    }

    static List<OveroptimizationPoint> PointsOf(SampledPools pools, List<PooledSample> samples, List<JudgedBest> judged)
    {
        var scale = ScoreScale.Of([.. samples.Select(s => s.Score)]);
        // The one beside the pool is a draw of the starting policy as good as any.
        var scores = samples.GroupBy(s => s.PromptId).Select(g => (IReadOnlyList<double>)[.. g.Select(s => (s.Score - scale.Mean) / scale.Deviation)]).ToList();
        var proxies = BestOfN.Curve([.. scores.Select(s => (s, s))], pools.BestOf);
        return [.. proxies.Select(p =>
        {
            var mine = judged.Where(j => j.N == p.N).ToList();
            return new OveroptimizationPoint(
                pools.Policy, p.N, p.Kl, Of(p.Proxy), Of(JudgedGain.Of([.. mine.Select(j => j.Strength)])), samples.Count, mine.Count, mine.Any(j => j.Judgements.Any(x => x.Simulated)))
            { MeanScore = p.Proxy.Value * scale.Deviation + scale.Mean, JudgeShare = JudgedBy.JudgeShare(mine.SelectMany(j => j.Judgements)) };
        })];
    }

    static Estimate Of(Interval interval) => new(interval.Value, interval.Lower, interval.Upper);

    static Interval Of(Estimate estimate) => new(estimate.Value, estimate.Lower, estimate.Upper);
}
