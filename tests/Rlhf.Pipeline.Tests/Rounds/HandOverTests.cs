using System.Text.Json.Nodes;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Tests.Rounds;

/// <summary>What rounds with another axis, with two axes, or without a policy hand to the next one.</summary>
public sealed class HandOverTests : IDisposable
{
    readonly TestRun _run = new();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _run.Dispose();

    static string Some(string kind, char digit) => $"{new ArtifactRef(kind, new string(digit, 64))}";

    Task<JsonObject> Start(string instance, string axis = "", string second = "", int? sameAs = null) => _run.Completes("StartRound", Starting(axis, second, sameAs), instance);

    static JsonObject Starting(string axis, string second, int? sameAs)
    {
        var values = new JsonObject { ["sft"] = Some("policy", 'a'), ["baseSeed"] = 1, ["sameAs"] = sameAs };
        if (axis.Length > 0) values["axis"] = axis;
        if (second.Length > 0) values["secondAxis"] = second;
        return values;
    }

    static (string? Preferences, string? RewardModel, string? Second, string? SecondModel) Inherited(JsonObject round) =>
        (round["preferences"]?.ToString(), round["rewardModel"]?.ToString(), round["secondPreferences"]?.ToString(), round["secondRewardModel"]?.ToString());

    async Task<string> Card(double accuracy) => $"{await _run.Put("report-card", "card.json", CanonicalJson.Serialize(
        new RewardModelCard(1, accuracy, 1, 1, 1, 1, true, 0, 1, new(0, 0, 0, 1, []), new(null, null, null), null, null, [], [], [])))}";

    [Fact]
    public async Task A_refresh_hands_preferences_and_reward_model_to_the_next_round_and_leaves_the_champion()
    {
        var first = await Start("one");
        var refreshed = await _run.Completes("ReportRefresh", await Refreshing(first), "one");
        var again = await _run.Completes("ReportRefresh", await Refreshing(first), "again");
        var next = await Start("two");

        Assert.Equal((Some("preferences", '1'), Some("reward-model", '1'), null, null), Inherited(next));
        Assert.Equal((2, $"{first["champion"]}"), ((int)next["round"]!, $"{next["champion"]}"));
        var report = await _run.Artifacts.ReadJsonAsync<RefreshReport>(ArtifactRef.Parse($"{refreshed["refresh"]}"), "refresh.json", Token);
        Assert.Equal((1, 0.75, (double?)null), (report.Round, report.RewardModel.Accuracy, report.Before?.Accuracy));
        Assert.True(JsonNode.DeepEquals(refreshed, again));
        Assert.Single(await new Aliases(_run.Objects).HistoryAsync(Aliases.RewardModel($"{first["campaign"]}"), Token));
        Assert.Equal("reward-model@1", $"{Names.RewardModel}@{(await new Names(_run.Objects, TimeProvider.System).HistoryAsync(Names.RewardModel, Token)).Single().Version}");
    }

    [Fact]
    public async Task A_refresh_reports_the_reward_model_before_beside_the_new_one()
    {
        var values = await Refreshing(await Start("one"));
        (values["earlierRewardModel"], values["earlierReportCard"]) = (Some("reward-model", '0'), await Card(0.5));

        var report = await _run.Artifacts.ReadJsonAsync<RefreshReport>(ArtifactRef.Parse($"{(await _run.Completes("ReportRefresh", values))["refresh"]}"), "refresh.json", Token);

        Assert.Equal((0.75, 0.5, Some("reward-model", '0')), (report.RewardModel.Accuracy, report.Before!.Accuracy, $"{report.EarlierRewardModel}"));
        values.Remove("earlierReportCard");
        Assert.Contains("'earlierReportCard' is missing", await _run.Fails("ReportRefresh", values, "two"), StringComparison.Ordinal);
    }

    async Task<JsonObject> Refreshing(JsonObject start) => new()
    {
        ["campaign"] = $"{start["campaign"]}",
        ["round"] = 1,
        ["champion"] = $"{start["champion"]}",
        ["preferences"] = Some("preferences", '1'),
        ["rewardModel"] = Some("reward-model", '1'),
        ["reportCard"] = await Card(0.75),
    };

    [Fact]
    public async Task Each_axis_goes_on_with_its_own_preferences_and_reward_model()
    {
        var first = await Start("one", "helpfulness", "safety");
        var reported = await _run.Completes("ReportRound", await Reporting(first, "helpfulness", "safety"), "one");

        var (both, other) = (await Start("two", "helpfulness", "safety"), await Start("three"));
        var alone = await Start("four", "safety");

        Assert.Equal((null, null, null, null), Inherited(first));
        Assert.Equal((Some("preferences", '1'), Some("reward-model", '1'), Some("preferences", '2'), Some("reward-model", '2')), Inherited(both));
        Assert.Equal((null, null, null, null), Inherited(other)); // answers to another question are none to this one
        Assert.Equal((Some("preferences", '2'), Some("reward-model", '2'), null, null), Inherited(alone));
        var report = await _run.Artifacts.ReadJsonAsync<RoundReport>(ArtifactRef.Parse($"{reported["report"]}"), "report.json", Token);
        Assert.Equal(("safety", 0.625, Some("reward-model", '2')), (report.Second!.Axis, report.Second.RewardModel.Accuracy, $"{report.Second.RewardModelRef}"));
    }

    [Fact]
    public async Task A_report_of_one_axis_says_nothing_of_a_second_one()
    {
        var start = await Start("one");
        var values = await Reporting(start, "", "");
        var reported = await _run.Completes("ReportRound", values, "one");

        var text = System.Text.Encoding.UTF8.GetString(await _run.Artifacts.ReadFileAsync(ArtifactRef.Parse($"{reported["report"]}"), "report.json", Token));
        Assert.DoesNotContain("\"second\"", text, StringComparison.Ordinal);
        Assert.Equal((Some("preferences", '1'), Some("reward-model", '1'), null, null), Inherited(await Start("two")));
        foreach (var (name, value) in new[] { ("secondAxis", "safety"), ("secondRewardModel", Some("reward-model", '2')) })
        {
            var half = values.DeepClone().AsObject();
            half[name] = value;
            Assert.Contains("expected all four of a second axis, or none", await _run.Fails("ReportRound", half, name), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_round_has_a_page_that_says_the_same_whoever_reports_it_and_has_no_time_or_instance_in_it()
    {
        var values = await Reporting(await Start("one"), "", "");
        var (first, again) = (await _run.Completes("ReportRound", values, "one"), await _run.Completes("ReportRound", values.DeepClone().AsObject(), "again"));
        var page = System.Text.Encoding.UTF8.GetString(await _run.Artifacts.ReadFileAsync(ArtifactRef.Parse($"{first["report"]}"), RoundReport.Page, Token));

        Assert.Equal($"{first["report"]}", $"{again["report"]}");
        Assert.Contains("Reject: keep the champion", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"20[0-9]{2}-[01][0-9]-[0-3][0-9]", page);
        Assert.DoesNotContain("again", page.Replace("against", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_names_what_the_monitor_said_shows_it()
    {
        var point = new OveroptimizationPoint(ArtifactRef.Parse(Some("policy", 'b')), 3, 4, new(0.5, 0.4, 0.6), new(0.2, 0.1, 0.3), 64, 16, Simulated: true);
        var monitored = new OveroptimizationReport(point.Policy, point.Policy, point.Policy, [point], null, "No law was fitted: one point carries no law.", null, MonitorVerdict.Continue, null, []);
        var values = await Reporting(await Start("one"), "", "");
        values["overoptimization"] = $"{await _run.Put(OveroptimizationReport.Kind, OveroptimizationReport.File, CanonicalJson.Serialize(monitored))}";

        var report = ArtifactRef.Parse($"{(await _run.Completes("ReportRound", values, "one"))["report"]}");
        var page = System.Text.Encoding.UTF8.GetString(await _run.Artifacts.ReadFileAsync(report, RoundReport.Page, Token));

        Assert.Equal($"{values["overoptimization"]}", $"{(await _run.Artifacts.ReadJsonAsync<RoundReport>(report, RoundReport.File, Token)).Overoptimization}");
        Assert.Contains("No law was fitted: one point carries no law", page, StringComparison.Ordinal);
        Assert.Contains("gold: simulated", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_axis_is_not_two_and_a_replay_on_another_one_is_refused()
    {
        Assert.Contains("are both 'safety'", await _run.Fails("StartRound", Starting("safety", "safety", null)), StringComparison.Ordinal);
        Assert.Contains("'../x' is no axis", await _run.Fails("StartRound", Starting("../x", "", null)), StringComparison.Ordinal);

        var first = await Start("one", "helpfulness", "safety");
        Assert.True(JsonNode.DeepEquals(first, await Start("two", "helpfulness", "safety", sameAs: 1)));
        Assert.Contains(
            "was on 'helpfulness' and 'safety'; a replay on 'preference' would be another round", await _run.Fails("StartRound", Starting("", "", 1)), StringComparison.Ordinal);
    }

    async Task<JsonObject> Reporting(JsonObject start, string axis, string second)
    {
        var champion = ArtifactRef.Parse($"{start["champion"]}");
        var challenger = ArtifactRef.Parse(Some("policy", 'b'));
        var criteria = await _run.Artifacts.PutCriteriaAsync(new(new()), Token);
        var evidence = await _run.Put("evidence", EvidenceItem.File, []);
        var verdict = new GateVerdict(GateVerdict.Reject, "", null, 1, 1, 1, 0, 0, 1, 1, 1, 1, .95, 20, 1, true, [], new(), [], new Dictionary<string, string>());
        var decision = await _run.Put("decision", GateDecision.File, CanonicalJson.Serialize(new GateDecision(champion, challenger, evidence, criteria, false, verdict)));
        var values = new JsonObject
        {
            ["campaign"] = $"{start["campaign"]}",
            ["round"] = 1,
            ["champion"] = $"{champion}",
            ["challenger"] = $"{challenger}",
            ["preferences"] = Some("preferences", '1'),
            ["rewardModel"] = Some("reward-model", '1'),
            ["reportCard"] = await Card(0.75),
            ["evidence"] = $"{evidence}",
            ["decision"] = $"{decision}",
            ["sequenceKl"] = 1.0,
            ["proxyBefore"] = 0.0,
            ["proxyAfter"] = 1.0,
        };
        if (axis.Length > 0) values["axis"] = axis;
        if (second.Length == 0) return values;
        (values["secondAxis"], values["secondPreferences"], values["secondRewardModel"]) = (second, Some("preferences", '2'), Some("reward-model", '2'));
        values["secondReportCard"] = await Card(0.625);
        return values;
    }
}
