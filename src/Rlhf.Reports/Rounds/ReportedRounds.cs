using System.Globalization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Reports.Rounds;

/// <summary>A round that was reported.</summary>
/// <param name="Instance">That reported it.</param>
public sealed record ReportedRound(ReportRound.Inputs Inputs, ArtifactRef Report, string Instance, DateTimeOffset At)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"round {Inputs.Round} of campaign {Inputs.Campaign}");
}

/// <summary>The rounds that a store's step records say were reported, each once: a replay reports the same round again.</summary>
public sealed class ReportedRounds
{
    readonly IReadOnlyList<StepRecord> _records;
    readonly ArtifactStore _artifacts;

    ReportedRounds(ArtifactStore artifacts, IReadOnlyList<StepRecord> records)
    {
        (_artifacts, _records) = (artifacts, records);
        All = [.. records.Where(r => r.Step == nameof(ReportRound)).OrderBy(r => r.FinishedAt).ThenBy(r => r.Key, StringComparer.Ordinal)
            .Select(r => new ReportedRound(RecordBinding.Bind<ReportRound.Inputs>(r.Inputs, $"The record of {r.Step} in instance {r.Instance}"), ArtifactRef.Parse($"{r.Outputs["report"]}"), r.Instance, r.FinishedAt))];
    }

    /// <summary>In the order in which they were reported, replays too.</summary>
    public IReadOnlyList<ReportedRound> All { get; }

    /// <param name="artifacts">The store.</param>
    /// <param name="records">All its step records.</param>
    public static ReportedRounds Of(ArtifactStore artifacts, IReadOnlyList<StepRecord> records) => new(artifacts, records);

    public static async Task<ReportedRounds> ReadAsync(ArtifactStore artifacts, CancellationToken cancellationToken) =>
        new(artifacts, await new StepRecords(artifacts.Objects).ListAsync(cancellationToken));

    /// <summary>The round that a person means: its number, an instance that reported it, or its report, all or at least four digits of it.</summary>
    /// <param name="campaign">Where a number is of several campaigns: the beginning of the one that is meant; null for the only one.</param>
    /// <exception cref="ArgumentException">There is none, or it is not clear which.</exception>
    public ReportedRound Find(string text, string? campaign)
    {
        var among = campaign is null ? All : [.. All.Where(r => r.Inputs.Campaign.StartsWith(campaign, StringComparison.Ordinal))];
        if (campaign is not null && among.Count == 0) throw new ArgumentException($"No round of a campaign '{campaign}…' was reported in this store; {Known()}.");
        var found = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && text.Length < 9
            ? among.Where(r => r.Inputs.Round == number)
            : among.Where(r => r.Instance == text || IsReport(r, text));
        // A replay is the same round; the first report of it has the times of the work.
        return found.DistinctBy(r => (r.Inputs.Campaign, r.Inputs.Round)).ToList() switch
        {
            [var only] => only,
            [] => throw new ArgumentException($"No round '{text}' was reported in this store; {Known()}."),
            var several => throw new ArgumentException($"'{text}' is not clear: there are {string.Join(" and ", several)}; expected --campaign with the beginning of one."),
        };
    }

    /// <summary>Every round of a campaign once, by its number.</summary>
    /// <param name="campaign">Its beginning; null for the only one.</param>
    /// <exception cref="ArgumentException">There is none, or it is not clear which.</exception>
    public IReadOnlyList<ReportedRound> OfCampaign(string? campaign) =>
        All.Where(r => campaign is null || r.Inputs.Campaign.StartsWith(campaign, StringComparison.Ordinal)).GroupBy(r => r.Inputs.Campaign).ToList() switch
        {
            [var only] => [.. only.DistinctBy(r => r.Inputs.Round).OrderBy(r => r.Inputs.Round)],
            [] => throw new ArgumentException($"No round{(campaign is null ? "" : $" of a campaign '{campaign}…'")} was reported in this store; {Known()}."),
            var several => throw new ArgumentException($"It is not clear which campaign: there are {string.Join(" and ", several.Select(c => c.Key))}; expected --campaign with the beginning of one."),
        };

    /// <summary>Everything that the round's report shows.</summary>
    /// <exception cref="ArtifactNotFoundException">Its report is not in this store.</exception>
    public async Task<RoundMaterial> MaterialAsync(ReportedRound round, CancellationToken cancellationToken) => await new RoundReader(_artifacts).ReadAsync(
        round.Inputs, await _artifacts.ReadJsonAsync<RoundReport>(round.Report, RoundReport.File, cancellationToken), _records, cancellationToken);

    static bool IsReport(ReportedRound round, string text) =>
        text.StartsWith($"{RoundReport.Kind}/", StringComparison.Ordinal) && text.Length >= RoundReport.Kind.Length + 5 && round.Report.ToString().StartsWith(text, StringComparison.Ordinal);

    string Known() => All.Count == 0 ? "none was reported yet (rlhf round)"
        : $"known are {string.Join(", ", All.GroupBy(r => r.Inputs.Campaign).Select(c => $"of campaign {c.Key} {string.Join(", ", c.Select(r => r.Inputs.Round).Distinct().Order())}"))}";
}
