using System.Text.Json.Nodes;
using Rlhf.Simulation.Gold;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Running;

namespace Rlhf.Simulation.Tests.Gold;

public sealed class MeasureGoldTests : IDisposable
{
    const string Prompt = "Mia lost her red kite.";
    const string Good = "She was sad. A friend found the kite. She smiled.";
    const string Middling = "She was sad. A friend fixed the kite. She smiled.";
    const string Bad = "He smiled. A friend fixed the kite. He was sad.";

    static readonly ArtifactRef Champion = Some.Ref('a'), Challenger = Some.Ref('b');

    readonly TemporaryStore _store = new();

    public void Dispose() => _store.Dispose();

    static double Gold(string text) => GoldPreference.Score(Turn.User(Prompt), text);

    static EvidenceItem Item(Completion a, Completion b, params Side[] sides) => new(
        1, new("comparison", "prompt-1", Turn.User(Prompt), a, b, "preference", "evaluation-1"),
        [.. sides.Select((s, i) => new Judgement("comparison", $"simulated-{i + 1}", s, s == Side.Tie ? 0 : 1, 3, true))]);

    static ScoredPair Pair(string chosen, string rejected, double margin, double baseline) => new("pair", Turn.User(Prompt), chosen, rejected, margin, baseline);

    static readonly ScoredPair[] Pairs =
    [
        Pair(Good, Bad, margin: 1, baseline: 0), Pair(Good, Middling, margin: 0.5, baseline: -1), Pair(Bad, Middling, margin: 0.1, baseline: -2),
        Pair(Good, Good, margin: -3, baseline: -3), // the same gold: counts for nothing
    ];

    async Task<StepResult> RunAsync(
        ArtifactRef champion, ArtifactRef challenger, IEnumerable<EvidenceItem> evidence, IEnumerable<ScoredPair>? pairs = null)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var evidenceRef = await _store.Artifacts.PutAsync("evidence", new Dictionary<string, byte[]>
        {
            ["evidence.jsonl"] = JsonLines.Serialize(evidence),
            [EvaluationSubject.File] = CanonicalJson.Serialize(new EvaluationSubject(champion, challenger, Some.Ref('c'), 0)),
        }, cancellationToken);
        var card = await _store.Artifacts.PutAsync("report-card", new Dictionary<string, byte[]>
        {
            ["card.json"] = CanonicalJson.Serialize(new RewardModelCard(4, 0.5, 0.5, 0.5, 0, 0.7, true, 0, 1, new(0, 0.25, 0.7, 1, []), new(null, null, null), 1, 1, [], [], [])),
            ["pairs.jsonl"] = JsonLines.Serialize(pairs ?? Pairs),
        }, cancellationToken);
        var runner = new StepRunner([new MeasureGoldStep()], _store.Objects, TimeProvider.System, new Dictionary<string, object>(), TimeSpan.Zero);
        return await runner.RunAsync(
            "MeasureGold", new() { ["evidence"] = evidenceRef.ToString(), ["reportCard"] = card.ToString() },
            new("instance-1", "measure-gold"), null, cancellationToken);
    }

    async Task<GoldReport> ReportAsync(StepResult result)
    {
        var gold = ArtifactRef.Parse(Assert.IsType<StepResult.Completed>(result).Outputs["gold"]!.GetValue<string>());
        return await _store.Artifacts.ReadJsonAsync<GoldReport>(gold, "gold.json", TestContext.Current.CancellationToken);
    }

    static readonly EvidenceItem[] Evidence =
    [
        Item(Some.Completion(Bad, Champion), Some.Completion(Good, Challenger, 1), Side.B, Side.A, Side.Tie),
        Item(Some.Completion(Good, Challenger, 1), Some.Completion(Middling, Champion), Side.A),
        Item(Some.Completion(Middling, Champion), Some.Completion(Middling, Challenger, 1), Side.A), // the same gold: no agreement to measure
    ];

    [Fact]
    public async Task Champion_and_challenger_are_told_apart_whichever_side_they_are_on()
    {
        var report = await ReportAsync(await RunAsync(Champion, Challenger, Evidence));

        var champion = (Gold(Bad) + 2 * Gold(Middling)) / 3;
        var challenger = (2 * Gold(Good) + Gold(Middling)) / 3;
        var deviation = Math.Sqrt((Math.Pow(Gold(Bad) - champion, 2) + 2 * Math.Pow(Gold(Middling) - champion, 2)) / 3);
        Assert.Equal(champion, report.ChampionMean, 9);
        Assert.Equal(challenger, report.ChallengerMean, 9);
        Assert.Equal(deviation, report.ChampionDeviation, 9);
        Assert.Equal((challenger - champion) / deviation, report.Gain, 9);
        Assert.True(report.Simulated);
    }

    [Fact]
    public async Task Accuracy_counts_pairs_whose_gold_differs_and_an_undecided_margin_a_half()
    {
        var report = await ReportAsync(await RunAsync(Champion, Challenger, Evidence));

        Assert.Equal(3, report.Pairs);
        Assert.Equal(2 / 3.0, report.RewardModelAccuracy, 9);
        Assert.Equal(0.5, report.BaselineAccuracy, 9);
    }

    [Fact]
    public async Task Agreement_counts_decisive_judgements_of_comparisons_whose_gold_differs()
    {
        var report = await ReportAsync(await RunAsync(Champion, Challenger, Evidence));

        Assert.Equal(3, report.Judgements);
        Assert.Equal(2 / 3.0, report.LabelerAgreement, 9);
    }

    [Fact]
    public async Task A_policy_against_itself_is_told_apart_by_the_sample()
    {
        EvidenceItem[] evidence =
        [
            Item(Some.Completion(Bad, Champion), Some.Completion(Good, Champion, sample: 1), Side.B),
            Item(Some.Completion(Good, Champion, sample: 1), Some.Completion(Middling, Champion), Side.A),
        ];

        var report = await ReportAsync(await RunAsync(Champion, Champion, evidence));

        Assert.Equal((Gold(Bad) + Gold(Middling)) / 2, report.ChampionMean, 9);
        Assert.Equal(Gold(Good), report.ChallengerMean, 9);
    }

    [Fact]
    public async Task Comparisons_with_an_earlier_champion_are_not_measured()
    {
        EvidenceItem[] evidence = [Item(Some.Completion(Bad, Champion), Some.Completion(Good, Challenger, sample: 1), Side.B), Item(Some.Completion(Middling, Champion), Some.Completion(Good, Challenger, sample: 1), Side.B)];
        var rating = Item(Some.Completion(Good, Some.Ref('d'), sample: 2), Some.Completion(Bad, Challenger, sample: 1), Side.A);

        var without = await ReportAsync(await RunAsync(Champion, Challenger, evidence));
        var with = await ReportAsync(await RunAsync(Champion, Challenger, [rating with { Comparison = rating.Comparison with { Purpose = "rating-1" } }, .. evidence]));

        Assert.Equal(without, with);
    }

    [Fact]
    public async Task Sides_whose_samples_do_not_say_which_is_the_champion_are_an_error()
    {
        var result = await RunAsync(Champion, Champion, [Item(Some.Completion(Bad, Champion), Some.Completion(Good, Champion), Side.A)]);

        Assert.Contains("is between samples 0 and 0; expected 0, the champion's, and 1, the challenger's", Assert.IsType<StepResult.Failed>(result).Reason);
    }

    [Fact]
    public async Task A_side_of_another_model_is_an_error_that_names_it()
    {
        var result = await RunAsync(Champion, Challenger, [Item(Some.Completion(Bad, Champion), Some.Completion(Good, Some.Ref('c'), 1), Side.A)]);

        var failed = Assert.IsType<StepResult.Failed>(result);
        Assert.False(failed.Transient);
        Assert.Contains("between policy/aaaaaaaa and policy/cccccccc; expected the champion policy/aaaaaaaa and the challenger policy/bbbbbbbb", failed.Reason);
    }

    [Fact]
    public async Task Nothing_to_measure_is_an_error_and_no_number()
    {
        var noEvidence = Assert.IsType<StepResult.Failed>(await RunAsync(Champion, Challenger, []));
        var noPairs = Assert.IsType<StepResult.Failed>(await RunAsync(Champion, Challenger, Evidence, [Pair(Good, Good, 1, 1)]));
        var noJudgements = Assert.IsType<StepResult.Failed>(await RunAsync(Champion, Challenger, Evidence.Select(e => e with { Judgements = [] })));

        Assert.Contains("has no comparison", noEvidence.Reason);
        Assert.Contains("has no held-out pair whose gold differs", noPairs.Reason);
        Assert.Contains("has no decisive judgement", noJudgements.Reason);
    }

    [Fact]
    public void A_cancel_while_it_measures_stops_at_the_next_comparison()
    {
        using var cancel = new CancellationTokenSource();
        var evidence = new CancellingList([.. Enumerable.Repeat(Evidence[0], 20)], cancel, after: 5);
        var inputs = new MeasureGold.Inputs(Some.Ref('e'), Some.Ref('f'));

        Assert.Throws<OperationCanceledException>(() => MeasureGoldStep.Measure(evidence, new(Champion, Challenger, Some.Ref('c'), 0), Pairs, inputs, cancel.Token));

        Assert.Equal(6, evidence.Read);
    }

    sealed class CancellingList(List<EvidenceItem> items, CancellationTokenSource cancel, int after) : IReadOnlyList<EvidenceItem>
    {
        public int Read { get; private set; }

        public EvidenceItem this[int index] => items[index];

        public int Count => items.Count;

        public IEnumerator<EvidenceItem> GetEnumerator()
        {
            foreach (var item in items)
            {
                if (++Read > after) cancel.Cancel();
                yield return item;
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
