using Rlhf.Learning.Evaluation;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Labeling;

sealed class CompareJudgementsStep : Step<CompareJudgements.Inputs, CompareJudgements.HParams, CompareJudgements.Outputs>
{
    public override StepDescription Description => CompareJudgements.Description;

    protected override async Task<StepResult> RunAsync(
        CompareJudgements.Inputs inputs, CompareJudgements.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        if (comparisons.Select(c => c.Axis).Distinct().ToList() is not [var axis])
            throw new InvalidDataException($"{inputs.Comparisons.Short} has comparisons of several axes; expected one, since agreement is of one axis.");
        var first = await OfAsync(inputs.Judgements, comparisons, context.Artifacts, cancellationToken);
        var second = await OfAsync(inputs.Check, comparisons, context.Artifacts, cancellationToken);
        var check = Check(first, second, hparams.LeastAgreement, axis);
        var artifact = await context.Artifacts.PutAsync("agreement", new Dictionary<string, byte[]> { ["agreement.json"] = CanonicalJson.Serialize(check) }, cancellationToken);
        return Completed(new(artifact, check.Agreement, check.Compared), check.Agrees ? "Agree" : "Disagree");
    }

    static async Task<List<IReadOnlyList<Judgement>>> OfAsync(
        ArtifactRef judgements, List<Comparison> comparisons, ArtifactStore artifacts, CancellationToken cancellationToken) =>
        [.. (await artifacts.ReadCollectedAsync(judgements, comparisons, cancellationToken)).Select(c => Judgement.Deciding(c.Judgements))];

    /// <summary>Of both, in the order of the comparisons.</summary>
    /// <exception cref="InvalidDataException">There is no comparison on which both have a majority.</exception>
    internal static AgreementCheck Check(IReadOnlyList<IReadOnlyList<Judgement>> first, IReadOnlyList<IReadOnlyList<Judgement>> second, double leastAgreement, string axis)
    {
        var pairs = first.Zip(second, (one, other) => (First: Majority(one), Second: Majority(other)))
            .Where(p => p is { First: not null, Second: not null }).Select(p => (First: p.First!.Value, Second: p.Second!.Value)).ToList();
        if (Proportion.Of95(pairs.Count(p => p.First == p.Second), pairs.Count) is not { } agreement)
            throw new InvalidDataException($"On none of {first.Count} comparisons both have a majority; expected some, to say how far they agree.");
        var figures = new Figures();
        var kappa = figures.Try("cohenKappa", () => Agreement.Of(pairs).CohenKappa);
        return new(
            first.Count, pairs.Count, agreement.Share, agreement.Lower, agreement.Upper, pairs.Count(p => p is (Side.A, Side.B) or (Side.B, Side.A)),
            kappa, figures.Reasons.GetValueOrDefault("cohenKappa"), leastAgreement, axis, Labelers(first), Labelers(second),
            first.Concat(second).Any(c => c.Any(j => j.Simulated)));
    }

    /// <summary>The side, or tie, that leads alone; null where none does.</summary>
    static Side? Majority(IReadOnlyList<Judgement> judgements)
    {
        var counts = Enum.GetValues<Side>().Select(side => judgements.Count(j => j.Side == side)).ToArray();
        return JudgementReports.Majority(counts) is { } majority ? Enum.GetValues<Side>()[majority] : null;
    }

    static List<string> Labelers(IEnumerable<IReadOnlyList<Judgement>> judgements) =>
        [.. judgements.SelectMany(c => c).Select(j => j.Labeler).Distinct().Order(StringComparer.Ordinal)];
}
