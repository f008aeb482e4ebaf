using Rlhf.Learning.Rewards;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

sealed class SelectComparisonsStep : Step<SelectComparisons.Inputs, SelectComparisons.HParams, SelectComparisons.Outputs>
{
    const int ScoredAtOnce = 64;

    public override StepDescription Description => SelectComparisons.Description;

    protected override async Task<StepResult> RunAsync(
        SelectComparisons.Inputs inputs, SelectComparisons.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var completions = await context.Artifacts.ReadLinesAsync<Completion>(inputs.Completions, "completions.jsonl", cancellationToken);
        var answered = await AnsweredAsync(inputs, completions, context.Artifacts, cancellationToken);
        var seed = Seeds.Derive(inputs.Seed, "comparisons");
        var prompts = hparams.DropNearDuplicates ? Distinct(answered, seed, cancellationToken) : answered;
        var clusters = await ClustersAsync(inputs, hparams, prompts, seed, context, cancellationToken);
        var candidates = Candidates(prompts, completions.ToLookup(c => c.PromptId), hparams.Axis, seed, clusters);
        var chosen = new ComparisonChoice(hparams, seed, await LogOddsAsync(inputs, hparams, candidates, context, cancellationToken)).Of(candidates);
        if (chosen.Count == 0) throw ComparisonSets.NothingToCompare();
        var report = SelectionReports.Of(candidates, chosen, answered.Count - prompts.Count, clusters is not null);
        var files = new Dictionary<string, byte[]> { [ComparisonSets.File] = JsonLines.Serialize(chosen), ["report.json"] = CanonicalJson.Serialize(report) };
        if (clusters is not null) (files[SelectionReport.Plot], files[SelectionReport.PlotNumbers]) = (clusters.Plot(), clusters.Numbers());
        return Completed(new(await context.Artifacts.PutAsync("comparisons", files, cancellationToken)));
    }

    /// <summary>The prompts that have completions, in the order of the first.</summary>
    static async Task<List<Prompt>> AnsweredAsync(
        SelectComparisons.Inputs inputs, List<Completion> completions, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var prompts = (await artifacts.ReadPromptsAsync(inputs.Prompts, cancellationToken)).ToDictionary(p => p.Id);
        return [.. completions.Select(c => c.PromptId).Distinct().Select(id => prompts.TryGetValue(id, out var known) ? known
            : throw new InvalidDataException($"A completion answers prompt {id}, which {inputs.Prompts.Short} does not have."))];
    }

    /// <summary>All held-out prompts, and of training prompts that are nearly the same the first in an order drawn by the seed.</summary>
    static List<Prompt> Distinct(List<Prompt> prompts, long seed, CancellationToken cancellationToken)
    {
        var kept = new NearDuplicates([]);
        var left = new HashSet<string>();
        foreach (var prompt in prompts.Where(p => !p.HeldOut).Until(cancellationToken).Draw(int.MaxValue, seed, "near-duplicates"))
        {
            var text = string.Join(' ', prompt.Turns.Select(t => t.Text));
            if (kept.Contains(text)) continue;
            kept.Add(text);
            left.Add(prompt.Id);
        }
        return [.. prompts.Where(p => p.HeldOut || left.Contains(p.Id))];
    }

    static async Task<PromptClusters?> ClustersAsync(
        SelectComparisons.Inputs inputs, SelectComparisons.HParams hparams, List<Prompt> prompts, long seed, StepContext context, CancellationToken cancellationToken)
    {
        if (inputs.Policy is null || hparams.Clusters == 1) return null;
        using var policy = await context.Artifacts.LoadPolicyAsync(inputs.Policy, trainable: false, cancellationToken);
        return PromptClusters.Of(policy, prompts, hparams.Clusters, Seeds.Derive(seed, "clusters"), cancellationToken);
    }

    static List<Comparison> Candidates(List<Prompt> prompts, ILookup<string, Completion> completions, string axis, long seed, PromptClusters? clusters) =>
    [
        .. from prompt in prompts
           let samples = completions[prompt.Id].OrderBy(c => c.Sample).ToList()
           from i in Enumerable.Range(0, samples.Count)
           from j in Enumerable.Range(i + 1, samples.Count - i - 1)
           where samples[i].Text != samples[j].Text
           select ComparisonSets.Create(prompt, samples[i], samples[j], axis, prompt.HeldOut ? "heldOut" : "training", seed) with { Cluster = clusters?[prompt.Id] },
    ];

    /// <summary>By training candidate the log-odds that each member gives side A; null where no strategy asks for them or there is no reward model yet.</summary>
    static async Task<IReadOnlyDictionary<string, double[]>?> LogOddsAsync(
        SelectComparisons.Inputs inputs, SelectComparisons.HParams hparams, List<Comparison> candidates, StepContext context, CancellationToken cancellationToken)
    {
        if (hparams is { Disagreement: 0, SmallGap: 0, InformationGain: 0 }) return null;
        if (inputs.RewardModel is not { } rewardModel)
        {
            context.Notice("There is no reward model of an earlier round to choose comparisons by, so all of them are drawn uniformly.");
            return null;
        }
        var members = await context.Artifacts.LoadRewardModelsAsync(rewardModel, cancellationToken);
        try
        {
            if (members.Count == 1 && hparams.Disagreement + hparams.InformationGain > 0)
                throw new ArgumentException($"'disagreement' is {hparams.Disagreement} and 'informationGain' {hparams.InformationGain}, but {rewardModel.Short} is one model; expected an ensemble ('members' of TrainRewardModel).");
            var training = candidates.Where(c => c.Purpose == "training").ToList();
            var scores = members.Select(m => Scores(m, training, cancellationToken)).ToList();
            return training.Index().ToDictionary(c => c.Item.Id, c => scores.Select(s => s[c.Index]).ToArray());
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    static double[] Scores(RewardModel member, List<Comparison> comparisons, CancellationToken cancellationToken)
    {
        var texts = comparisons.Until(cancellationToken).SelectMany(c => new[] { c.A, c.B }.Select(side => member.Encode(c.Prompt.Chat(), side.Text))).ToList();
        var scores = member.Score(texts, ScoredAtOnce, cancellationToken);
        // In its own log-odds: what it was trained to predict.
        return [.. Enumerable.Range(0, comparisons.Count).Select(i => (scores[2 * i] - (double)scores[2 * i + 1]) / member.Normalization.Gain)];
    }
}
