using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class FixCriteriaStep : Step<FixCriteria.Inputs, NoHParams, FixCriteria.Outputs>
{
    public override StepDescription Description => FixCriteria.Description;

    protected override async Task<StepResult> RunAsync(FixCriteria.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var gate = inputs.Gate ?? IGateFiles.DefaultOf(context.Aliases.Environment);
        if (gate.StartsWith($"{GateArtifacts.Criteria}/", StringComparison.Ordinal))
        {
            var given = ArtifactRef.Parse(gate);
            await context.Artifacts.ReadCriteriaAsync(given, cancellationToken);
            return Completed(new(given));
        }
        return Completed(new(await context.Artifacts.PutCriteriaAsync(context.Service<IGateFiles>(IGateFiles.Service).Find(gate), cancellationToken)));
    }
}
