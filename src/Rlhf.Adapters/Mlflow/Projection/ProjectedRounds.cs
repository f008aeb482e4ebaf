using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Runs from records. Every instance with a record is a parent run. A step's run stands below the instance that computed it; a later round
/// that found it cached has no run of it, and leads to it by the references of its artifacts.
/// </summary>
static class ProjectedRounds
{
    public const string Instance = "rlhf.instance", StepKey = "rlhf.step_key";

    public static IReadOnlyList<ProjectedRound> Of(StoreContents contents, TrackingSettings settings) =>
    [
        .. from record in contents.Records
           group record by record.Instance into instance
           let records = instance.OrderBy(r => r.StartedAt).ThenBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal).ToList()
           orderby records[0].StartedAt, instance.Key
           let end = End(instance.Key, records, contents)
           select new ProjectedRound(instance.Key, end, Parent(instance.Key, records, end, contents), [.. records.Select(r => Step(r, contents, settings))]),
    ];

    static RunEnd? End(string instance, List<StepRecord> records, StoreContents contents) =>
        records.Exists(r => r.Step == nameof(ReportRound)) ? new(RunOutcome.Finished, records.Max(r => r.FinishedAt)) : contents.Ends.GetValueOrDefault(instance);

    static ProjectedRun Parent(string instance, List<StepRecord> records, RunEnd? end, StoreContents contents)
    {
        var round = contents.Rounds.GetValueOrDefault(instance);
        var reported = records.LastOrDefault(r => r.Step == nameof(ReportRound));
        var artifact = ProjectedValues.Artifact(reported?.Outputs["report"]);
        var report = artifact is null ? null : contents.Reports.GetValueOrDefault(artifact);
        var identity = new MlflowTag(Instance, instance);
        return new(
            identity,
            Name(round is null ? instance : $"round {round.Round} of {round.Campaign}"),
            end?.Outcome switch { null => MlflowRunStatus.Running, RunOutcome.Finished => MlflowRunStatus.Finished, RunOutcome.Failed => MlflowRunStatus.Failed, _ => MlflowRunStatus.Killed },
            records[0].StartedAt.ToUnixTimeMilliseconds(),
            end?.At.ToUnixTimeMilliseconds(),
            [],
            Tags([
                identity,
                .. RoundTags(round),
                new("rlhf.product_version", records[^1].ProductVersion),
                .. report is null ? [] : OutcomeTags(artifact!, report),
            ]),
            null,
            [],
            report is null ? [] : [new("report.json", Clean(report.Bytes)), new("model-card.md", Clean(ModelCard.Of(artifact!, report.Report, round)))]);
    }

    static ProjectedRun Step(StepRecord record, StoreContents contents, TrackingSettings settings)
    {
        var identity = new MlflowTag(StepKey, record.Key);
        var (references, scalars) = Split(record.Inputs);
        var outputs = ProjectedValues.Flatten(record.Outputs).Select(o => new MlflowTag($"rlhf.output.{o.Name}", o.Value));
        return new(
            identity,
            Name(record.Activity),
            MlflowRunStatus.Finished,
            record.StartedAt.ToUnixTimeMilliseconds(),
            record.FinishedAt.ToUnixTimeMilliseconds(),
            [
                .. ProjectedValues.Flatten(record.Hparams).Select(Param),
                .. scalars.Select(s => Param(($"input.{s.Name}", s.Value))),
            ],
            Tags([
                identity,
                .. RoundTags(contents.Rounds.GetValueOrDefault(record.Instance)),
                new("rlhf.step", record.Step),
                new("rlhf.step_version", $"{record.StepVersion}"),
                new("rlhf.activity", record.Activity),
                new("rlhf.outcome", record.Outcome),
                new("rlhf.product_version", record.ProductVersion),
                .. references.Select(r => new MlflowTag($"rlhf.input.{r.Name}", r.Value)),
                .. outputs,
            ]),
            record.Journal,
            [.. references.Select(r => ArtifactRef.Parse(r.Value)).Where(a => a.Kind is "prompts" or "preferences").Distinct().Select(a => Dataset(a, record.Step, settings))],
            []);
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
        new("rlhf.simulated", report.Report.Decision.Simulated ? "true" : "false"),
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
