using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Prompts;
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
        var different = comparisons.Where(c => c.A.Text != c.B.Text).ToList();
        var pairs = different.Until(cancellationToken).Select(c => Pair(c, [.. judgements[c.Id]])).ToList();
        var identical = comparisons.Count - different.Count;
        var simulated = comparisons.Any(c => judgements[c.Id].Any(j => j.Simulated));
        if (inputs.Earlier is { } earlier)
        {
            pairs.InsertRange(0, await context.Artifacts.ReadPairsAsync(earlier, cancellationToken));
            var report = await context.Artifacts.ReadJsonAsync<PreferenceReport>(earlier, "report.json", cancellationToken);
            (identical, simulated) = (identical + report.Identical, simulated || report.Simulated);
        }
        return Completed(await StoreAsync(pairs, identical, simulated, context, cancellationToken));
    }

    static async Task<BuildPreferences.Outputs> StoreAsync(
        List<PreferencePair> pairs, int identical, bool simulated, StepContext context, CancellationToken cancellationToken)
    {
        var ties = pairs.Count(p => p.IsTie);
        var training = pairs.Count(p => !p.HeldOut && !p.IsTie);
        var heldOut = pairs.Count - ties - training;
        if (training == 0 || heldOut == 0)
            throw new InvalidDataException($"{training} preference pairs are for training and {heldOut} held out; expected some of each ({ties} comparisons had no majority).");
        var report = new PreferenceReport(
            training, heldOut, ties, pairs.Average(p => p.Agreement), simulated, identical, NearDuplicates(pairs, cancellationToken));
        var artifact = await context.Artifacts.PutAsync("preferences", new Dictionary<string, byte[]>
        {
            ["pairs.jsonl"] = JsonLines.Serialize(pairs),
            ["report.json"] = CanonicalJson.Serialize(report),
        }, cancellationToken);
        return new(artifact, training, heldOut, ties);
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

    /// <summary>The pair that the judgements make; a tie (probability 0.5) where neither side has the majority.</summary>
    /// <exception cref="InvalidDataException">The comparison was never judged.</exception>
    internal static PreferencePair Pair(Comparison comparison, IReadOnlyList<Judgement> judgements)
    {
        if (judgements.Count == 0) throw new InvalidDataException($"Comparison {comparison.Id} has no judgement.");
        var a = judgements.Count(j => j.Side == Side.A);
        var b = judgements.Count(j => j.Side == Side.B);
        var ties = judgements.Count - a - b;
        var sign = a >= b ? 1 : -1;
        var (chosen, rejected) = a >= b ? (comparison.A, comparison.B) : (comparison.B, comparison.A);
        var strength = judgements.Average(j => sign * j.Strength * (j.Side == Side.A ? 1.0 : j.Side == Side.B ? -1.0 : 0.0));
        return new(
            comparison.Id, comparison.PromptId, comparison.Prompt, chosen.Text, rejected.Text,
            Margin: a == b ? 0 : Math.Max(0, strength / 3), Probability: (Math.Max(a, b) + 0.5 * ties) / judgements.Count,
            Agreement: (double)Math.Max(Math.Max(a, b), ties) / judgements.Count, HeldOut: comparison.Purpose == "heldOut")
        { ChosenSource = chosen.SourceName ?? chosen.Source.Short, RejectedSource = rejected.SourceName ?? rejected.Source.Short };
    }
}
