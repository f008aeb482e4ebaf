using Rlhf.Learning.Optimization;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Models;

/// <summary>Runs a trainer from its last checkpoint to its end: journal, progress, checkpoints. The same loop for every training.</summary>
static class TrainingLoop
{
    public static async Task RunAsync(ITrainer trainer, StepContext context, string? metric, CancellationToken cancellationToken)
    {
        if (await context.Checkpoints.LoadAsync(cancellationToken) is { } checkpoint) trainer.Restore(checkpoint.Files);
        while (trainer.Completed < trainer.Updates)
        {
            var metrics = trainer.Update(cancellationToken);
            context.Journal.Log(trainer.Completed, metrics);
            context.Progress((double)trainer.Completed / trainer.Updates, $"update {trainer.Completed} of {trainer.Updates}{(metric is null ? "" : $", {metric} {metrics[metric]:0.000}")}");
            if (context.Checkpoints.Due && trainer.Completed < trainer.Updates)
                await context.Checkpoints.SaveAsync(trainer.Completed, trainer.Save(), cancellationToken);
        }
    }
}
