using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

sealed class DrawSpotCheckStep : Step<DrawSpotCheck.Inputs, DrawSpotCheck.HParams, DrawSpotCheck.Outputs>
{
    public override StepDescription Description => DrawSpotCheck.Description;

    protected override async Task<StepResult> RunAsync(
        DrawSpotCheck.Inputs inputs, DrawSpotCheck.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        var count = Math.Min(comparisons.Count, Math.Max(hparams.Least, (int)Math.Round(hparams.Share * comparisons.Count)));
        var drawn = comparisons.OrderBy(c => Seeds.Uniform(inputs.Seed, "spot-check", c.Id)).ThenBy(c => c.Id, StringComparer.Ordinal).Take(count).ToList();
        return Completed(new(await context.Artifacts.PutComparisonsAsync(drawn, cancellationToken)));
    }
}
