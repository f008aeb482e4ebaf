using System.Text.Json.Nodes;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Reports.Tests.Support;

/// <summary>A round that was never run: every part of a report has something to show.</summary>
static class SomeRound
{
    public const string Campaign = "aaaaaaaaaaaa";

    static readonly DateTimeOffset Began = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ArtifactRef Ref(string kind, char digit) => new(kind, new string(digit, 64));

    public static RoundMaterial Of(int round = 1, int pairs = 40, string prompt = "Once upon a time", string completion = "there was a fox.", bool simulated = true, bool monitored = true)
    {
        var (champion, challenger) = (Ref("policy", 'a'), Ref("policy", 'b'));
        var verdict = new GateVerdict(
            GateVerdict.Promote, "The win rate is above the target.", null, 90, 90, 60, 28, 2, 3, 0.68, 0.55, 0.79, 0.95, 31, 0.1, simulated,
            [new("winRate", 0.68, 0.5, CriterionState.Holds, "holds"), new("length", null, 1.2, CriterionState.NotEvaluable, "nothing was measured")], new() { DecisiveWinRate = 0.68, WilsonLower = 0.57, WilsonUpper = 0.77 },
            [new("0", 40, 0.7), new("1", 50, 0.66)], new Dictionary<string, string> { ["agreement"] = "no comparison was judged twice" });
        var card = new RewardModelCard(
            pairs, 0.7, 0.6, 0.55, 0.4, 0.6, simulated, 0, 1, new(0.05, 0.2, 0.6, 1.1, [new(0.5, 0.6, 20, 0.55, 0.5), new(0.6, 0.7, 20, 0.65, 0.75)]), new(0.1, 0.01, 0.02), 2.0, 2.1,
            [new("unanimous", pairs, 0.7)], [], []);
        var report = new RoundReport(
            round, card, 0.1, 0.9, 7.5, new(champion, challenger, Ref("evidence", 'e'), Ref("criteria", 'c'), false, verdict), simulated ? new(0.1, 1, 0.5, 0.4, 0.7, 0.6, pairs, 0.8, 100) : null,
            champion, challenger, Ref("reward-model", 'd'), Ref("preferences", 'f'), Ref("evidence", 'e'));
        return new(Campaign, report)
        {
            Lineage = RoundLineage.Of(Records(round), Inputs(round)),
            Measures = new(champion, challenger, champion, Ref("reward-model", 'd'), 90, 1, Measured(0.1, 0), Measured(0.9, 7.5), 2.0, new(null, 90, 900)),
            Samples = [new("p1", Turn.User(prompt), [new(completion, 0)], [new(completion, 2.5), new(" It", -0.5), new("", 0.05)])],
            Training = [new("objective/kl", [(1, 0), (2, 3.5), (3, 7.5)]), new("objective/score", [(1, 0.1), (2, 0.5), (3, 0.9)])],
            Pairs = [.. Enumerable.Range(0, pairs).Select(i => new ScoredPair($"c{i}", Turn.User(prompt), new string('x', 50 + i % 71), new string('y', 50 + i * 7 % 61), Math.Sin(i), 0.1))],
            Preferences = new(100, pairs, 3, 0.9, simulated) { Labelers = [new(completion, 10, 0.9, null)] },
            Selection = new(200, 100, 40, 2, new Dictionary<string, int> { ["uniform"] = 140 }, 1, 0.97, [new(0, 10, 12, 8), new(1, 10, 12, 9)]),
            Evidence = [new(1, new("e1", "p1", Turn.User(prompt), new("p1", 0, completion, true, 4, champion), new("p1", 1, completion, true, 4, challenger), "preference", "evaluation-1"),
                [new("e1", "ann", Side.B, 2, 3, simulated)])],
            Overoptimization = monitored ? Monitored(simulated) : null,
            Cost = new([new("SampleCompletions", "completions/1", 100, 2500)], [new("judgements/1", 0, 0, 90, 300)], [], []),
            Missing = monitored ? new Dictionary<string, string>() : new Dictionary<string, string> { [RoundReader.Overoptimization] = "Nobody watched." },
        };
    }

    public static OveroptimizationReport Monitored(bool simulated = true, bool fitted = true)
    {
        OveroptimizationPoint[] points = [.. new[] { 0.5, 2, 4, 8, 16 }.Select((kl, i) => new OveroptimizationPoint(
            Ref("policy", (char)('1' + i)), 10 * i, kl, Around(0.4 * Math.Sqrt(kl)), Around(Math.Sqrt(kl) * (0.5 - 0.12 * Math.Log(Math.Sqrt(kl)))), 256, 64, simulated))];
        return new(
            Ref("policy", 'a'), Ref("policy", 'a'), Ref("reward-model", 'd'), points, fitted ? new(OveroptimizationLaw.Rl, Around(0.5), Around(0.12), Around(9), Around(1.1), 0.97, 5) : null,
            fitted ? null : "No law was fitted: two points carry no law of two parameters", fitted ? 9 : null, MonitorVerdict.Stop, points[3].Policy, ["Gold's upper bound fell below its best."])
        {
            QuadraticFit = fitted ? new(OveroptimizationLaw.BestOfN, Around(0.55), Around(0.09), Around(8), Around(0.8), 0.95, 5) : null,
            BestOfN = [.. points.Take(3)],
            BestOfNFit = fitted ? new(OveroptimizationLaw.BestOfN, Around(0.6), Around(0.1), Around(9), Around(0.9), 0.96, 3) : null,
            Outlook = new(1, Around(0.2), Around(-0.1), ["The reward model is as good again."]),
            Signs = [new("length", 80, 120, 1.2, true, [new("p1", "Once", "long long long", 3, 0.4)])],
        };
    }

    public static Estimate Around(double value) => new(value, value - 0.1, value + 0.1);

    static PolicyMeasures Measured(double proxy, double kl) => new(proxy, kl, 80, 20, 1, 0.2, 0.5, 0.3, 0, 2);

    public static ReportRound.Inputs Inputs(int round) => new(
        Campaign, round, Ref("policy", 'a'), Ref("policy", 'b'), Ref("preferences", 'f'), Ref("reward-model", 'd'), Ref("report-card", '7'), Ref("evidence", 'e'), Ref("decision", '8'), 7.5, 0.1, 0.9);

    /// <summary>The champion is from an earlier round; preferences, reward model and challenger were made in this one.</summary>
    public static IReadOnlyList<StepRecord> Records(int round) =>
    [
        Record("old", "TrainPolicy", "before", -10, new { policy = Ref("policy", '0') }, new { policy = Ref("policy", 'a') }),
        Record($"start{round}", "StartRound", $"i{round}", 0, new { }, new { campaign = Campaign, round, champion = Ref("policy", 'a') }),
        Record($"prefs{round}", "BuildPreferences", $"i{round}", 2, new { judgements = Ref("judgements", '5') }, new { preferences = Ref("preferences", 'f') }),
        Record($"judge{round}", "CollectJudgements", $"i{round}", 1, new { comparisons = Ref("comparisons", '6') }, new { judgements = Ref("judgements", '5') }),
        Record($"reward{round}", "TrainRewardModel", $"i{round}", 3, new { preferences = Ref("preferences", 'f') }, new { rewardModel = Ref("reward-model", 'd') }, new { learningRate = 0.001 }),
        Record($"ppo{round}", "TrainPolicy", $"i{round}", 4, new { policy = Ref("policy", 'a'), rewardModel = Ref("reward-model", 'd'), seed = 5 }, new { policy = Ref("policy", 'b') }, new { updates = 3 }),
    ];

    public static StepRecord Record(string key, string step, string instance, int second, object inputs, object outputs, object? hparams = null) => new(
        key, step, 1, "1.0", instance, step, Json(inputs), Json(hparams ?? new { }), Json(outputs), "Done", Began.AddSeconds(second), Began.AddSeconds(second + 1), 1, 1_000_000, null);

    static JsonObject Json(object values) => CanonicalJson.ToObject(values);
}
