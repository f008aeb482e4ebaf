using System.Text.Json.Nodes;
using Rlhf.Pipeline.Judging;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Comparisons;

sealed class CollectJudgementsStep : Step<CollectJudgements.Inputs, CollectJudgements.HParams, CollectJudgements.Outputs>
{
    public override StepDescription Description => CollectJudgements.Description;

    protected override async Task<StepResult> RunAsync(
        CollectJudgements.Inputs inputs, CollectJudgements.HParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var labeler = context.Service<ILabeler>(inputs.Labeler);
        var comparisons = await context.Artifacts.ReadComparisonsAsync(inputs.Comparisons, cancellationToken);
        var request = new LabelingRequest(
            context.Key, [.. comparisons.Select(c => new Question(c.Id, c.Prompt, c.A.Text, c.B.Text, c.Axis))],
            hparams.JudgementsPerComparison, Seeds.Derive(inputs.Seed, "judgements"), CanonicalJson.ToObject(hparams))
        { Instance = context.Execution.Instance, Judge = inputs.Judge, Progress = context.Progress };

        if (context.Execution.State?["askedAt"]?.GetValue<DateTimeOffset>() is not { } askedAt)
        {
            askedAt = context.Time.GetUtcNow();
            await labeler.AskAsync(request, cancellationToken);
            await WarnAsync(inputs.Judge, comparisons, context, cancellationToken);
        }
        var progress = await labeler.CollectAsync(request, askedAt, cancellationToken);
        var expected = comparisons.Count * hparams.JudgementsPerComparison;
        if (progress is { Trouble: { } trouble, NextAnswerAt: { } again })
            return new StepResult.Waiting(Unseen(context.Execution.State, askedAt, progress, expected), again, trouble) { Events = progress.Events };
        context.Progress((double)progress.Judgements.Count / expected, $"{progress.Judgements.Count} of {expected} judgements{JudgedBy.Mark(progress.Judgements.Any(j => j.Simulated), JudgedBy.JudgeShare(progress.Judgements))}");
        if (progress is { Pending: > 0, NextAnswerAt: { } next })
            return new StepResult.Waiting(State(askedAt, progress), next, Says(progress)) { Events = progress.Events };

        if (progress.Pending > 0 || progress.Judgements.Count != expected)
            throw new InvalidDataException($"Labeler '{inputs.Labeler}' gave {progress.Judgements.Count} of {expected} judgements and has nothing more to come.");
        var files = new Dictionary<string, byte[]>(progress.Files) { ["judgements.jsonl"] = JsonLines.Serialize(progress.Judgements) };
        return Completed(new(await context.Artifacts.PutAsync("judgements", files, cancellationToken)));
    }

    static async Task WarnAsync(ArtifactRef? judge, List<Comparison> comparisons, StepContext context, CancellationToken cancellationToken)
    {
        if (judge is null) return;
        List<ArtifactRef> compared = [.. comparisons.Where(c => c.Purpose.StartsWith("evaluation", StringComparison.Ordinal)).SelectMany(c => new[] { c.A.Source, c.B.Source }).Distinct()];
        if (compared.Count > 0 && await OwnJudges.HadPartInAsync(context.Artifacts.Objects, judge, compared, cancellationToken))
            context.Notice($"{judge.Short} judges for the gate, and had a part in training a policy that it judges: it prefers what it taught, whether or not people do. A judge from outside, or people, would tell.");
    }

    // Where people answer in another program, how far they are stands nowhere else.
    static JsonObject State(DateTimeOffset askedAt, LabelingProgress progress)
    {
        var state = new JsonObject { ["askedAt"] = askedAt };
        if (progress.Place is { } place) (state["place"], state["judged"], state["missing"]) = (place, progress.Judgements.Count, progress.Pending);
        return state;
    }

    // What was seen before stays until there is something to be seen again.
    static JsonObject Unseen(JsonObject? before, DateTimeOffset askedAt, LabelingProgress progress, int expected)
    {
        var state = before?["place"] is null
            ? new JsonObject { ["askedAt"] = askedAt, ["place"] = progress.Place, ["judged"] = 0, ["missing"] = expected }
            : before.DeepClone().AsObject();
        state["trouble"] = progress.Trouble;
        return state;
    }

    static string Says(LabelingProgress progress) =>
        $"{progress.Pending} judgements have not come yet{(progress.Place is { } place ? $" at {place}" : "")}{(progress.Remark is { } remark ? $"; {remark}" : "")}";
}
