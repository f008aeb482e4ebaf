using Rlhf.Steps.Contracts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

sealed class CollectJudgementsStep : Step<CollectJudgements.Inputs, CollectJudgements.HParams, CollectJudgements.Outputs>
{
    public override StepDescription Description => CollectJudgements.Description;

    protected override async Task<StepResult> RunAsync(
        CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        // What is mistyped is said before people have worked for days.
        if (!context.Service<ILabeler>(inputs.Labeler).TakesCare && hparams.ToCare() != new Care())
            throw new ArgumentException($"'mostJudgementsPerComparison', 'adjudicate', 'goldShare' or 'repeatShare' is set, which labeler '{inputs.Labeler}' knows nothing of; expected none of them, or labeler 'file'.");
        if (hparams.EscalateTo == inputs.Labeler) throw new ArgumentException($"'escalateTo' is '{hparams.EscalateTo}', who is asked already; expected another labeler, or none.");
        if (hparams.EscalateTo.Length > 0) context.Service<ILabeler>(hparams.EscalateTo);
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        return await new JudgementLook(comparisons, inputs, hparams, context).RunAsync(cancellationToken);
    }
}
