using System.Globalization;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Runs from records, and from checkpoints of steps that have none yet. Every instance with one of either is a parent run. A step's run stands
/// below the instance that computed it; a later round that found it cached has no run of it, and leads to it by the references of its artifacts.
/// </summary>
static class ProjectedRounds
{
    public const string Instance = "rlhf.instance", StepKey = "rlhf.step_key";

    public static IReadOnlyList<ProjectedRound> Of(StoreContents contents, TrackingSettings settings)
    {
        var (finished, unfinished) = (contents.Records.ToLookup(r => r.Instance), contents.Running.ToLookup(r => r.Start.Instance));
        return [.. contents.Instances.Select(i => Round(i, finished[i], unfinished[i], contents, settings)).OrderBy(r => r.Run.StartTime).ThenBy(r => r.Instance, StringComparer.Ordinal)];
    }

    static ProjectedRound Round(string instance, IEnumerable<StepRecord> finished, IEnumerable<RunningStep> unfinished, StoreContents contents, TrackingSettings settings)
    {
        var records = finished.OrderBy(r => r.StartedAt).ThenBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal).ToList();
        var running = unfinished.OrderBy(r => r.Start.StartedAt).ThenBy(r => r.Start.Key, StringComparer.Ordinal).ToList();
        List<StepStart> starts = [.. records.Select(StepStart.Of), .. running.Select(r => r.Start)];
        var end = End(instance, records, contents);
        // Of the records where there are any, so that it does not change with each step that begins.
        var version = starts[(records.Count > 0 ? records.Count : starts.Count) - 1].ProductVersion;
        return new(instance, end, Parent(instance, starts.Min(s => s.StartedAt), version, records, end, contents),
        [
            .. records.Select(r => Step(r, contents, settings)),
            .. running.Select(r => Step(r, end, contents, settings)),
        ]);
    }

    static RunEnd? End(string instance, List<StepRecord> records, StoreContents contents) =>
        records.Exists(r => r.Step == nameof(ReportRound)) ? new(RunOutcome.Finished, records.Max(r => r.FinishedAt)) : contents.Ends.GetValueOrDefault(instance);

    static ProjectedRun Parent(string instance, DateTimeOffset startedAt, string productVersion, List<StepRecord> records, RunEnd? end, StoreContents contents)
    {
        var round = contents.Rounds.GetValueOrDefault(instance);
        var reported = records.LastOrDefault(r => r.Step == nameof(ReportRound));
        var artifact = ProjectedValues.Artifact(reported?.Outputs["report"]);
        var report = artifact is null ? null : contents.Reports.GetValueOrDefault(artifact);
        var identity = new MlflowTag(Instance, instance);
        return new(
            identity,
            Name(round is null ? instance : $"round {round.Round} of {round.Campaign}"),
            end?.Outcome == RunOutcome.Finished ? MlflowRunStatus.Finished : Unfinished(end),
            startedAt.ToUnixTimeMilliseconds(),
            end?.At.ToUnixTimeMilliseconds(),
            [],
            Tags([
                identity,
                .. RoundTags(round),
                new("rlhf.product_version", productVersion),
                .. report is null ? [] : OutcomeTags(artifact!, report),
            ]),
            null,
            [],
            report is null ? [] : [new("report.json", Clean(report.Bytes)), new("model-card.md", Clean(ModelCard.Of(artifact!, report.Report, round)))]);
    }

    // A step that has no record goes on, or ended with its instance; of one that ended well it was no longer needed.
    static MlflowRunStatus Unfinished(RunEnd? end) =>
        end?.Outcome switch { null => MlflowRunStatus.Running, RunOutcome.Failed => MlflowRunStatus.Failed, _ => MlflowRunStatus.Killed };

    static ProjectedRun Step(RunningStep step, RunEnd? end, StoreContents contents, TrackingSettings settings) =>
        Step(step.Start, null, contents, settings) with { Status = Unfinished(end), EndTime = end?.At.ToUnixTimeMilliseconds(), Journal = step.Journal, Unfinished = true };

    static ProjectedRun Step(StepRecord record, StoreContents contents, TrackingSettings settings) => Step(StepStart.Of(record), record, contents, settings) with
    {
        Status = MlflowRunStatus.Finished,
        EndTime = record.FinishedAt.ToUnixTimeMilliseconds(),
        Journal = record.Journal,
    };

    static ProjectedRun Step(StepStart start, StepRecord? record, StoreContents contents, TrackingSettings settings)
    {
        var identity = new MlflowTag(StepKey, start.Key);
        var (references, scalars) = Split(start.Inputs);
        return new(
            identity,
            Name(start.Activity),
            MlflowRunStatus.Running,
            start.StartedAt.ToUnixTimeMilliseconds(),
            null,
            [
                .. ProjectedValues.Flatten(start.Hparams).Select(Param),
                .. scalars.Select(s => Param(($"input.{s.Name}", s.Value))),
            ],
            Tags([
                identity,
                .. RoundTags(contents.Rounds.GetValueOrDefault(start.Instance)),
                new("rlhf.step", start.Step),
                new("rlhf.step_version", $"{start.StepVersion}"),
                new("rlhf.activity", start.Activity),
                .. record is null ? Array.Empty<MlflowTag>() : [new("rlhf.outcome", record.Outcome)],
                new("rlhf.product_version", start.ProductVersion),
                .. references.Select(r => new MlflowTag($"rlhf.input.{r.Name}", r.Value)),
                .. ProjectedValues.Flatten(record?.Outputs).Select(o => new MlflowTag($"rlhf.output.{o.Name}", o.Value)),
            ]),
            null,
            [.. references.Select(r => ArtifactRef.Parse(r.Value)).Where(a => a.Kind is "prompts" or "preferences").Distinct().Select(a => Dataset(a, start.Step, settings))],
            ProjectedValues.Artifact(record?.Outputs["record"]) is { } promotion && contents.Promotions.TryGetValue(promotion, out var bytes) ? [new("promotion-record.json", Clean(bytes))] : []);
    }

    static MlflowDatasetInput Dataset(ArtifactRef artifact, string step, TrackingSettings settings) => new()
    {
        Dataset = new()
        {
            Name = artifact.Kind,
            Digest = artifact.Sha256[..36],
            SourceType = "rlhf",
            Source = CanonicalJson.ToText(new JsonObject { ["uri"] = settings.AddressOf(artifact) }),
        },
        Tags = [new(MlflowDatasetInput.Context, step is nameof(EvaluateRewardModel) or nameof(SampleEvaluation) ? "evaluation" : "training")],
    };

    static (List<(string Name, string Value)> References, List<(string Name, string Value)> Scalars) Split(JsonObject values)
    {
        var all = ProjectedValues.Flatten(values).ToLookup(v => ProjectedValues.IsArtifact(v.Value));
        return ([.. all[true]], [.. all[false]]);
    }

    static IEnumerable<MlflowTag> RoundTags(RoundPlace? round) =>
        round is null ? [] : [new("rlhf.campaign", round.Campaign), new("rlhf.round", $"{round.Round}")];

    static IEnumerable<MlflowTag> OutcomeTags(ArtifactRef artifact, StoredReport report) =>
    [
        new("rlhf.decision", report.Report.Decision.Outcome),
        new("rlhf.simulated", report.Report.Decision.Verdict.Simulated ? "true" : "false"),
        .. report.Report.Decision.Verdict.JudgeShare is { } share ? new MlflowTag[] { new("rlhf.judge_share", share.ToString("0.####", CultureInfo.InvariantCulture)) } : [],
        new("rlhf.report", artifact.ToString()),
        new("rlhf.champion", report.Report.Champion.ToString()),
        new("rlhf.challenger", report.Report.Challenger.ToString()),
    ];

    static string Name(string text) => ProjectedValues.Value("", text, FieldRules.LongestRunName);

    static MlflowParam Param((string Name, string Value) field) =>
        new(ProjectedValues.Key(field.Name), ProjectedValues.Value(field.Name, field.Value, FieldRules.LongestParam));

    internal static IReadOnlyList<MlflowTag> Tags(IEnumerable<MlflowTag> tags) =>
        [.. tags.Select(t => IsIdentity(t) ? t : new MlflowTag(ProjectedValues.Key(t.Key), ProjectedValues.Value(t.Key, t.Value, FieldRules.LongestRunTag)))];

    // A step's key is a hash and no secret, though its name ends like one's; runs are found by it.
    static bool IsIdentity(MlflowTag tag) => tag.Key is Instance or StepKey;

    static byte[] Clean(string text) => System.Text.Encoding.UTF8.GetBytes(Secrets.Clean(text));

    // The very bytes, so that their hash is the one that the artifact's manifest names, unless something in them has to go.
    static byte[] Clean(byte[] bytes)
    {
        var text = System.Text.Encoding.UTF8.GetString(bytes);
        return Secrets.Clean(text) is var clean && clean == text ? bytes : Clean(clean);
    }
}
