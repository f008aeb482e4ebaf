using System.Globalization;
using System.Text.RegularExpressions;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Running;

namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>
/// Registered models from the store's own versions and moving names. The alias <c>environment-champion</c> is the champion of the campaign
/// whose champion was set last; where an environment has several campaigns each has its own with <c>-campaign</c> after it.
/// </summary>
static partial class ProjectedModels
{
    const string Champion = "champion", Challenger = "challenger", Previous = "previous";

    public static IReadOnlyList<ProjectedModel> Of(StoreContents contents, TrackingSettings settings)
    {
        var policies = Versions(contents.Policies, contents, settings, report => report.Challenger);
        var rewardModels = Versions(contents.RewardModels, contents, settings, report => report.RewardModelRef);
        ProjectedModel[] models =
        [
            new(settings.ModelOf(Names.Policy), policies, Aliases(contents, [.. policies.Select(v => v.Artifact)]), OurAliases(contents)),
            new(settings.ModelOf(Names.RewardModel), rewardModels, new Dictionary<string, ArtifactRef>(), new HashSet<string>()),
        ];
        return [.. models.Where(m => m.Versions.Count > 0)];
    }

    static List<ProjectedVersion> Versions(
        IReadOnlyList<NameVersion> versions, StoreContents contents, TrackingSettings settings, Func<Rlhf.Steps.Data.RoundReport, ArtifactRef> about)
    {
        // A replay reports the same model again; the latest report is the one that holds.
        var reports = contents.Records
            .Where(r => r.Step == nameof(ReportRound)).OrderBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal)
            .Select(r => (Record: r, Report: ProjectedValues.Artifact(r.Outputs["report"]) is { } a ? contents.Reports.GetValueOrDefault(a)?.Report : null))
            .Where(r => r.Report is not null).ToLookup(r => about(r.Report!));
        var makers = contents.Records
            .OrderByDescending(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal)
            .SelectMany(r => ProjectedValues.Flatten(r.Outputs).Where(o => ProjectedValues.IsArtifact(o.Value)).Select(o => (Artifact: o.Value, r.Key)))
            .ToLookup(o => o.Artifact, o => o.Key);
        return [.. versions.Select(version =>
        {
            var (record, report) = reports[version.Artifact].LastOrDefault();
            return new ProjectedVersion(version.Version, version.Artifact, settings.AddressOf(version.Artifact), ProjectedRounds.Tags([
                new("rlhf.version", $"{version.Version}"),
                new(ModelDelivery.Hash, version.Artifact.Sha256),
                .. report is null ? Array.Empty<MlflowTag>() :
                [
                    new("rlhf.campaign", $"{record.Inputs["campaign"]}"),
                    new("rlhf.round", $"{report.Round}"),
                    new("rlhf.decision", report.Decision.Outcome),
                    new("rlhf.simulated", report.Decision.Verdict.Simulated ? "true" : "false"),
                    .. report.Decision.Verdict.JudgeShare is { } share ? new MlflowTag[] { new("rlhf.judge_share", share.ToString("0.####", CultureInfo.InvariantCulture)) } : [],
                ],
                .. Promotions(version.Artifact, contents),
            ])) { MadeBy = makers[version.Artifact.ToString()].LastOrDefault() };
        })];
    }

    /// <summary>Of each environment whose champion it became by a promotion: the newest record.</summary>
    static IEnumerable<MlflowTag> Promotions(ArtifactRef artifact, StoreContents contents) =>
        contents.MovingNames.Where(n => n.Name == Champion)
            .SelectMany(n => n.Versions.Where(v => v.Artifact == artifact && v.Promotion is not null).Select(v => (n.Environment, Version: v)))
            .GroupBy(v => v.Environment).Select(g => (g.Key, Newest: g.MaxBy(v => v.Version.At).Version))
            .SelectMany(v => new MlflowTag[] { new($"rlhf.promotion.{v.Key}", v.Newest.Promotion!), new($"rlhf.promotion_record.{v.Key}", v.Newest.Reason) });

    static Dictionary<string, ArtifactRef> Aliases(StoreContents contents, HashSet<ArtifactRef> known)
    {
        var aliases = new Dictionary<string, ArtifactRef>();
        foreach (var environment in contents.MovingNames.GroupBy(n => n.Environment))
        {
            var campaigns = environment.GroupBy(n => n.Campaign)
                .OrderBy(c => c.Where(n => n.Name == Champion).Select(n => n.Versions[^1].At).DefaultIfEmpty(DateTimeOffset.MinValue).Max())
                .ThenBy(c => c.Key, StringComparer.Ordinal).ToList();
            foreach (var campaign in campaigns)
            {
                foreach (var (alias, artifact) in campaign.SelectMany(Targets).Where(t => known.Contains(t.Artifact)))
                {
                    if (campaigns.Count > 1) aliases[Alias($"{environment.Key}-{alias}-{campaign.Key}")] = artifact;
                    if (campaign == campaigns[^1]) aliases[Alias($"{environment.Key}-{alias}")] = artifact;
                }
            }
        }
        return aliases;
    }

    static IEnumerable<(string Alias, ArtifactRef Artifact)> Targets(MovingName name)
    {
        if (name.Name is Champion or Challenger) yield return (name.Name, name.Versions[^1].Artifact);
        if (name is { Name: Champion, Versions: [.., var previous, _] }) yield return (Previous, previous.Artifact);
    }

    static HashSet<string> OurAliases(StoreContents contents) =>
    [
        .. from name in contents.MovingNames
           from alias in new[] { Champion, Challenger, Previous }
           from text in new[] { $"{name.Environment}-{alias}", $"{name.Environment}-{alias}-{name.Campaign}" }
           select Alias(text),
    ];

    static string Alias(string text) => NoAlias().Replace(text, "-");

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NoAlias();
}
