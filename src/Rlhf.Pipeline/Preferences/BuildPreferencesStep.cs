using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Preferences;

sealed class BuildPreferencesStep : Step<BuildPreferences.Inputs, NoHParams, BuildPreferences.Outputs>
{
    public override StepDescription Description => BuildPreferences.Description;

    protected override async Task<StepResult> RunAsync(
        BuildPreferences.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        var judgements = (await context.Artifacts.ReadLinesAsync<Judgement>(inputs.Judgements, "judgements.jsonl", cancellationToken)).ToLookup(j => j.ComparisonId);
        var pairs = comparisons.Until(cancellationToken).Select(c => (Comparison: c, Pair: Pair(c, [.. judgements[c.Id]]))).ToList();
        var ties = pairs.Count(p => p.Pair is null);
        var fresh = pairs.Where(p => p.Pair is not null).Select(p => p.Pair!).ToList();
        var simulated = comparisons.Any(c => judgements[c.Id].Any(j => j.Simulated));

        var all = fresh;
        if (inputs.Earlier is { } earlier)
        {
            all = [.. await context.Artifacts.ReadLinesAsync<PreferencePair>(earlier, "pairs.jsonl", cancellationToken), .. fresh];
            var report = await context.Artifacts.ReadJsonAsync<PreferenceReport>(earlier, "report.json", cancellationToken);
            (ties, simulated) = (ties + report.Ties, simulated || report.Simulated);
        }
        var training = all.Count(p => !p.HeldOut);
        if (training == 0 || training == all.Count)
            throw new InvalidDataException($"{training} of {all.Count} preference pairs are for training; expected some for training and some held out ({ties} comparisons had no majority).");
        var artifact = await context.Artifacts.PutAsync("preferences", new Dictionary<string, byte[]>
        {
            ["pairs.jsonl"] = JsonLines.Serialize(all),
            ["report.json"] = CanonicalJson.Serialize(new PreferenceReport(training, all.Count - training, ties, all.Average(p => p.Agreement), simulated)),
        }, cancellationToken);
        return Completed(new(artifact, training, all.Count - training, ties));
    }

    /// <summary>The pair that the judgements make, or null where neither side has the majority.</summary>
    /// <exception cref="InvalidDataException">The comparison was never judged.</exception>
    internal static PreferencePair? Pair(Comparison comparison, IReadOnlyList<Judgement> judgements)
    {
        if (judgements.Count == 0) throw new InvalidDataException($"Comparison {comparison.Id} has no judgement.");
        var a = judgements.Count(j => j.Side == Side.A);
        var b = judgements.Count(j => j.Side == Side.B);
        if (a == b) return null;
        var sign = a > b ? 1 : -1;
        var (chosen, rejected) = a > b ? (comparison.A.Text, comparison.B.Text) : (comparison.B.Text, comparison.A.Text);
        var strength = judgements.Average(j => sign * j.Strength * (j.Side == Side.A ? 1.0 : j.Side == Side.B ? -1.0 : 0.0));
        return new(
            comparison.Id, comparison.PromptId, comparison.Prompt, chosen, rejected,
            Margin: Math.Max(0, strength / 3), Probability: (Math.Max(a, b) + 0.5 * (judgements.Count - a - b)) / judgements.Count,
            Agreement: (double)Math.Max(a, b) / judgements.Count, HeldOut: comparison.Purpose == "heldOut");
    }
}
