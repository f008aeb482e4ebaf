using Rlhf.Learning.Optimization;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Models;

/// <summary>Runs a trainer from its last checkpoint to its end: journal, notices, progress, checkpoints. The same loop for every training.</summary>
static class TrainingLoop
{
    /// <summary>One item of a <c>batch</c> artifact, file <c>batch.jsonl</c>: its id (the first sequences' ids again for its second ones) and token ids.</summary>
    sealed record BatchItem(string Id, IReadOnlyList<int> Tokens);

    public static async Task RunAsync(ITrainer trainer, StepContext context, string? metric, CancellationToken cancellationToken)
    {
        if (await context.Checkpoints.LoadAsync(cancellationToken) is { } checkpoint) trainer.Restore(checkpoint.Files);
        while (trainer.Completed < trainer.Updates)
        {
            var metrics = await UpdateAsync(trainer, context, cancellationToken);
            context.Journal.Log(trainer.Completed, metrics);
            foreach (var notice in trainer.Notices) context.Notice(notice);
            context.Progress((double)trainer.Completed / trainer.Updates, $"update {trainer.Completed} of {trainer.Updates}{(metric is null ? "" : $", {metric} {metrics[metric]:0.000}")}");
            if (context.Checkpoints.Due && trainer.Completed < trainer.Updates)
                await context.Checkpoints.SaveAsync(trainer.Completed, trainer.Save(), cancellationToken);
        }
    }

    /// <exception cref="InvalidDataException">A number was not finite; names it and the artifact that holds the batch.</exception>
    static async Task<IReadOnlyDictionary<string, double>> UpdateAsync(ITrainer trainer, StepContext context, CancellationToken cancellationToken)
    {
        try
        {
            return trainer.Update(cancellationToken);
        }
        catch (NonFiniteException e) when (e.Sequences.Count > 0)
        {
            var items = e.Sequences.Select((tokens, i) => new BatchItem(e.Ids[i % e.Ids.Count], tokens));
            var batch = await context.Artifacts.PutAsync("batch", new Dictionary<string, byte[]> { ["batch.jsonl"] = JsonLines.Serialize(items) }, cancellationToken);
            throw new InvalidDataException($"{e.Message} The batch is kept as {batch}.", e);
        }
    }
}
