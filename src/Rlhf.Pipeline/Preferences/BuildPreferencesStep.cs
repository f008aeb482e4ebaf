using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Preferences;

sealed class BuildPreferencesStep : Step<BuildPreferences.Inputs, BuildPreferences.HParams, BuildPreferences.Outputs>
{
    const string PairsFile = "pairs.jsonl", JudgedFile = "judged.jsonl", ExcludedFile = "excluded.jsonl", UnjudgedFile = "unjudged.jsonl", ReportFile = "report.json";

    // Where more of all pairs of labelers disagree, guidelines or questions are not clear enough to train on the answers.
    const double MostDisagreement = 0.3;

    public override StepDescription Description => BuildPreferences.Description;

    protected override async Task<StepResult> RunAsync(
        BuildPreferences.Inputs inputs, BuildPreferences.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var weights = PairWeights.Of(hparams, inputs.Round);
        var (earlier, old, unjudgedBefore, before) = await EarlierAsync(inputs.Earlier, context, cancellationToken);
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        var collected = await context.Artifacts.ReadCollectedAsync(inputs.Judgements, comparisons, cancellationToken);
        var different = collected.Where(c => c.Comparison.A.Text != c.Comparison.B.Text).ToList();
        var judged = Joined([.. earlier, .. different.Until(cancellationToken).Where(c => c.Judgements.Count > 0).Select(c => new JudgedComparison(c.Comparison, c.Judgements) { Round = inputs.Round })]);
        var unjudged = Unjudged(unjudgedBefore, different, judged);
        if (different.Count(c => c.Judgements.Count == 0) is > 0 and var left)
            context.Notice($"{left} of {different.Count} comparisons are left out: no judgement of them came.");

        var (used, excluded) = Exclude(judged, hparams.Withdrawn.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        var consensus = Consensus.Of(used, hparams.Consensus);
        List<PreferencePair> pairs = [.. old, .. used.Until(cancellationToken).Select(j => weights.Weighted(consensus.Pair(j), j))];
        var report = Report(pairs, used, consensus, cancellationToken) with
        {
            Identical = comparisons.Count - different.Count + (before?.Identical ?? 0),
            Simulated = before?.Simulated == true || judged.Any(j => j.Judgements.Any(x => x.Simulated)),
            Excluded = excluded.Count,
            JudgeShare = JudgedBy.JudgeShare(used.SelectMany(j => j.Judgements)),
            Unjudged = unjudged.Count,
        };
        if (report.Disagreement > MostDisagreement)
            context.Notice($"Labelers disagree about the better side in {report.Disagreement:P0} of all pairs of their judgements (more than {MostDisagreement:P0}): the guidelines may be unclear, or the sides too much alike.");
        var files = new Dictionary<string, byte[]>
        {
            [PairsFile] = JsonLines.Serialize(pairs),
            [JudgedFile] = JsonLines.Serialize(judged),
            [ExcludedFile] = JsonLines.Serialize(excluded),
            [ReportFile] = CanonicalJson.Serialize(report),
        };
        if (unjudged.Count > 0) files[UnjudgedFile] = JsonLines.Serialize(unjudged);
        var artifact = await context.Artifacts.PutAsync("preferences", files, cancellationToken);
        return Completed(new(artifact, report.TrainPairs, report.HeldOutPairs, report.Ties));
    }

    /// <summary>
    /// What earlier rounds have: judgements, out of which pairs are made anew; and pairs of a version of this product that did not keep them, as they are.
    /// </summary>
    static async Task<(List<JudgedComparison> Judged, List<PreferencePair> Pairs, List<UnjudgedComparison> Unjudged, PreferenceReport? Report)> EarlierAsync(
        ArtifactRef? earlier, StepContext context, CancellationToken cancellationToken)
    {
        if (earlier is null) return ([], [], [], null);
        var report = await context.Artifacts.ReadJsonAsync<PreferenceReport>(earlier, ReportFile, cancellationToken);
        var files = (await context.Artifacts.ManifestAsync(earlier, cancellationToken)).Files.Select(f => f.Path).ToHashSet();
        var judged = await LinesAsync<JudgedComparison>(JudgedFile);
        var known = judged.Select(j => j.Comparison.Id).ToHashSet();
        var pairs = await context.Artifacts.ReadPairsAsync(earlier, cancellationToken);
        return (judged, [.. pairs.Where(p => !known.Contains(p.ComparisonId))], await LinesAsync<UnjudgedComparison>(UnjudgedFile), report);

        async Task<List<T>> LinesAsync<T>(string file) => files.Contains(file) ? await context.Artifacts.ReadLinesAsync<T>(earlier, file, cancellationToken) : [];
    }

    /// <summary>Comparisons of this and earlier rounds of which no judgement came in any.</summary>
    static List<UnjudgedComparison> Unjudged(List<UnjudgedComparison> before, List<CollectedComparison> collected, List<JudgedComparison> judged)
    {
        var known = judged.Select(j => j.Comparison.Id).ToHashSet();
        return
        [
            .. before.Concat(collected.Where(c => c.Judgements.Count == 0).Select(c => new UnjudgedComparison(c.Comparison.Id, $"none of {c.Missing} judgements came")))
                .Where(u => !known.Contains(u.ComparisonId)).DistinctBy(u => u.ComparisonId),
        ];
    }

    /// <summary>Each comparison once, with all that was said of it, as of the sides of its first asking: another round may have drawn them the other way.</summary>
    static List<JudgedComparison> Joined(IEnumerable<JudgedComparison> judged) =>
    [
        .. judged.GroupBy(j => j.Comparison.Id).Select(same =>
        {
            var first = same.First().Comparison;
            return new JudgedComparison(first, [.. same.SelectMany(j => j.Judgements.Select(x => j.Comparison.A.Text == first.A.Text ? x : x.Swapped()))]) { Round = same.Max(j => j.Round) };
        }),
    ];

    /// <summary>The judgements of all but the withdrawn, and the others with the reason; a comparison without a judgement left makes no pair.</summary>
    static (List<JudgedComparison> Used, List<ExcludedJudgement> Excluded) Exclude(List<JudgedComparison> judged, string[] withdrawn)
    {
        var names = withdrawn.ToHashSet(StringComparer.Ordinal);
        if (names.FirstOrDefault(n => !judged.Any(j => j.Judgements.Any(x => x.Labeler == n))) is { } unknown)
            throw new ArgumentException($"'withdrawn' names '{unknown}', of whom there is no judgement; labelers are {string.Join(", ", judged.SelectMany(j => j.Judgements).Select(j => j.Labeler).Distinct().Order(StringComparer.Ordinal).Take(20))}.");
        var excluded = judged.SelectMany(j => j.Judgements).Where(j => names.Contains(j.Labeler)).Select(j => new ExcludedJudgement(j.ComparisonId, j.Labeler, "withdrawn")).ToList();
        return ([.. judged.Select(j => j with { Judgements = [.. j.Judgements.Where(x => !names.Contains(x.Labeler))] }).Where(j => j.Judgements.Count > 0)], excluded);
    }

    static PreferenceReport Report(List<PreferencePair> pairs, List<JudgedComparison> used, Consensus consensus, CancellationToken cancellationToken)
    {
        var ties = pairs.Count(p => p.IsTie);
        var training = pairs.Count(p => !p.HeldOut && !p.IsTie);
        var heldOut = pairs.Count - ties - training;
        if (training == 0 || heldOut == 0)
            throw new InvalidDataException($"{training} preference pairs are for training and {heldOut} held out; expected some of each ({ties} comparisons had no majority).");
        return new(training, heldOut, ties, pairs.Average(p => p.Agreement), Simulated: false, NearDuplicates: NearDuplicates(pairs, cancellationToken))
        { Disagreement = Disagreement(used), Labelers = Labelers(pairs, used, consensus) };
    }

    static double? Disagreement(List<JudgedComparison> used)
    {
        var pairs = used.SelectMany(j => j.Judgements.Index().SelectMany(x => j.Judgements.Skip(x.Index + 1).Select(y => x.Item.Side != y.Side))).ToList();
        return pairs.Count == 0 ? null : pairs.Count(differ => differ) / (double)pairs.Count;
    }

    static List<LabelerFigures> Labelers(List<PreferencePair> pairs, List<JudgedComparison> used, Consensus consensus)
    {
        var chosen = pairs.Where(p => !p.IsTie).DistinctBy(p => p.ComparisonId).ToDictionary(p => p.ComparisonId, p => p.Chosen);
        return [.. used.SelectMany(c => c.Judgements.Select(j => (c.Comparison, Judgement: j))).GroupBy(j => j.Judgement.Labeler).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
        {
            var decided = g.Where(j => j.Judgement.Side != Side.Tie && chosen.ContainsKey(j.Comparison.Id))
                .Select(j => (j.Judgement.Side == Side.A ? j.Comparison.A : j.Comparison.B).Text == chosen[j.Comparison.Id]).ToList();
            return new LabelerFigures(
                g.Key, g.Count(), decided.Count == 0 ? null : decided.Count(same => same) / (double)decided.Count,
                consensus.Abilities.TryGetValue(g.Key, out var ability) ? ability : null);
        })];
    }

    /// <summary>Held-out prompts that are nearly the same as a training prompt.</summary>
    /// <exception cref="InvalidDataException">A prompt stands on both sides.</exception>
    static int NearDuplicates(List<PreferencePair> pairs, CancellationToken cancellationToken)
    {
        var prompts = pairs.DistinctBy(p => (p.PromptId, p.HeldOut)).ToLookup(p => p.HeldOut);
        var training = prompts[false].Select(p => p.PromptId).ToHashSet();
        if (prompts[true].FirstOrDefault(p => training.Contains(p.PromptId)) is { } leaked)
            throw new InvalidDataException($"Prompt {leaked.PromptId} has pairs for training and held-out ones; expected one or the other.");
        static string Text(PreferencePair pair) => string.Join(' ', pair.Prompt.Select(t => t.Text));
        return new NearDuplicates(prompts[false].Until(cancellationToken).Select(Text)).Count(prompts[true].Until(cancellationToken).Select(Text));
    }
}
