using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;

namespace Rlhf.Pipeline.Tests.Gate;

public sealed class GateVerdictTests
{
    static readonly GateCriteria People = new(new TestCriterion());
    static readonly GateCriteria Anybody = People with { JudgedBy = [LabelerKind.Person, LabelerKind.Judge, LabelerKind.Simulated], JudgeAlone = true };

    /// <summary>One judgement a prompt, by three people in turn; the side shown first alternates.</summary>
    static List<GateVote> Votes(int wins, int losses, int ties = 0, LabelerKind kind = LabelerKind.Person, string? cluster = null, string name = "p", double longer = 0) =>
    [
        .. Enumerable.Range(0, wins + losses + ties).Select(i => new GateVote(
            $"{name}{i}", cluster, $"c-{name}{i}", i < wins ? 1 : i < wins + losses ? 0 : 0.5, $"labeler-{i % 3}", kind, i % 2 == 0, longer) { ChampionLength = 100 }),
    ];

    static GateVerdict Decide(GateCriteria criteria, IReadOnlyList<GateVote> votes, GateSurroundings? around = null, int missing = 0) =>
        GateVerdicts.Of(criteria, new(votes, missing), around ?? new());

    static CriterionResult Criterion(GateVerdict verdict, string name) => verdict.Criteria.Single(c => c.Name == name);

    [Fact]
    public void A_challenger_that_people_clearly_prefer_is_promoted()
    {
        var verdict = Decide(People, Votes(wins: 360, losses: 240));

        Assert.Equal("Promote", verdict.Outcome);
        Assert.Equal((360, 240, 0, 0.6), (verdict.Wins, verdict.Losses, verdict.Ties, verdict.WinRate));
        Assert.True(verdict is { LowerBound: > 0.5, EValue: >= 20, More: null });
        Assert.All(verdict.Criteria, c => Assert.Equal(CriterionState.Holds, c.State));
    }

    [Fact]
    public void What_is_not_decided_yet_asks_for_more_and_says_about_how_many()
    {
        var verdict = Decide(People, Votes(wins: 30, losses: 24));

        Assert.Equal("NeedMoreJudgements", verdict.Outcome);
        Assert.InRange(verdict.More!.Value, 1, 946);
        Assert.Contains($"{verdict.More}", verdict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_challenger_that_is_shown_not_to_be_worth_it_is_rejected_as_futile_before_the_budget_is_spent()
    {
        var verdict = Decide(People, Votes(wins: 100, losses: 150));

        Assert.Equal(("Reject", null), (verdict.Outcome, verdict.More));
        Assert.Contains("futile", verdict.Reason, StringComparison.Ordinal);
        Assert.True(verdict.FutilityEValue >= 5);
    }

    [Fact]
    public void Undecided_at_the_end_of_the_budget_is_a_rejection_that_says_so()
    {
        var verdict = Decide(People with { Test = new(Budget: 60) }, Votes(wins: 34, losses: 26));

        Assert.Equal("Reject", verdict.Outcome);
        Assert.Contains("the budget of 60", verdict.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Judgements_beyond_the_budget_are_not_looked_at()
    {
        var verdict = Decide(People with { Test = new(Budget: 60) }, [.. Votes(wins: 34, losses: 26), .. Votes(wins: 500, losses: 0, name: "late")]);

        Assert.Equal(("Reject", 60), (verdict.Outcome, verdict.Judgements));
    }

    [Fact]
    public void Undecided_with_no_held_out_prompt_left_is_a_rejection_that_says_so() =>
        Assert.Contains("no held-out prompt is left", Decide(People, Votes(wins: 30, losses: 24), new(PromptsLeft: 0)).Reason, StringComparison.Ordinal);

    [Fact]
    public void The_order_of_judgements_changes_nothing()
    {
        var votes = Votes(wins: 65, losses: 35, ties: 10);

        Assert.Equal(Decide(People, votes).EValue!.Value, Decide(People, [.. votes.AsEnumerable().Reverse()]).EValue!.Value, 1e-9);
    }

    [Fact]
    public void Many_judgements_of_few_prompts_are_few_observations()
    {
        // Ten labelers say the same of each of twelve prompts: 120 judgements, but twelve things were seen.
        var votes = Votes(wins: 8, losses: 4).SelectMany(v => Enumerable.Range(0, 10).Select(i => v with { Labeler = $"labeler-{i}" })).ToList();

        var verdict = Decide(People, votes);

        Assert.Equal((12, 120, "NeedMoreJudgements"), (verdict.Prompts, verdict.Judgements, verdict.Outcome));
        Assert.Equal("Promote", Decide(People, Votes(wins: 80, losses: 40)).Outcome); // as many prompts as judgements
        Assert.True(verdict.Statistics.WilsonLower > 0.5); // what a test that takes them for independent would say
    }

    [Fact]
    public void Simulated_labelers_open_no_gate_that_asks_for_people()
    {
        var verdict = Decide(People, Votes(360, 240, kind: LabelerKind.Simulated));

        Assert.Equal(("Reject", true), (verdict.Outcome, verdict.Simulated));
        Assert.Contains("600 of 600 judgements are by simulated; this gate takes those by person", Criterion(verdict, "judged by").Reason, StringComparison.Ordinal);
        Assert.Equal("Promote", Decide(Anybody, Votes(360, 240, kind: LabelerKind.Simulated)).Outcome);
    }

    [Fact]
    public void A_judge_that_simulated_labelers_taught_counts_as_simulated()
    {
        var taught = Votes(360, 240, kind: LabelerKind.Judge).Select(v => v with { Simulated = true }).ToList();

        var verdict = Decide(People with { JudgedBy = [LabelerKind.Person, LabelerKind.Judge], JudgeAlone = true }, taught);

        Assert.Equal(("Reject", true, 1.0), (verdict.Outcome, verdict.Simulated, verdict.JudgeShare));
        Assert.Equal("Promote", Decide(Anybody, taught).Outcome);
    }

    [Fact]
    public void An_AI_judge_alone_opens_only_gates_that_say_so()
    {
        var withJudge = People with { JudgedBy = [LabelerKind.Person, LabelerKind.Judge] };
        var byJudge = Votes(360, 240, kind: LabelerKind.Judge);

        Assert.NotEqual("Promote", Decide(withJudge, byJudge).Outcome);
        Assert.Equal("Promote", Decide(withJudge, [.. byJudge.Skip(1), byJudge[0] with { Kind = LabelerKind.Person }]).Outcome);
        Assert.Equal("Promote", Decide(withJudge with { JudgeAlone = true }, byJudge).Outcome);
    }

    [Fact]
    public void Judgements_of_nobody_knows_whom_open_nothing() =>
        Assert.Contains("an unknown kind of labeler", Criterion(Decide(Anybody, [.. Votes(360, 240).Select(v => v with { Kind = null })]), "judged by").Reason, StringComparison.Ordinal);

    [Fact]
    public void Criteria_that_changed_after_a_judgement_promote_nothing()
    {
        var verdict = Decide(People, Votes(360, 240), new(IsExploratory: true));

        Assert.Equal("Reject", verdict.Outcome);
        Assert.Contains("exploratory", verdict.Reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, GateCriteria> Unmeasured => new()
    {
        { "KL to the reference", People with { MostKl = 10 } },
        { "reward model, accuracy", People with { LeastRewardModelAccuracy = 0.6 } },
        { "worst cluster", People with { Clusters = new(0.4) } },
        { "more refusals", People with { MostMoreRefusals = 0 } },
        { "forgetting", People with { MostForgetting = 0.1 } },
        { "safety", People with { MostMoreUnsafe = 0 } },
        { "agreement", People with { LeastAgreement = 0.6 } },
    };

    [Theory]
    [MemberData(nameof(Unmeasured), DisableDiscoveryEnumeration = true)]
    public void A_criterion_whose_data_are_missing_is_not_evaluable_and_keeps_the_gate_closed(string name, GateCriteria criteria)
    {
        var verdict = Decide(criteria, Votes(360, 240));

        Assert.NotEqual("Promote", verdict.Outcome);
        var criterion = Criterion(verdict, name);
        Assert.Equal((CriterionState.NotEvaluable, null), (criterion.State, criterion.Value));
        Assert.StartsWith("not evaluable: ", criterion.Reason, StringComparison.Ordinal);
    }

    static ChallengerMeasures Measures(double kl = 5, double distinct = 0.5, double refusals = 0, double loss = 2) => new(
        Some.Policy('a'), Some.Policy('b'), Some.Policy('c'), Some.Policy('d'), 100, 1,
        new(0, 1, 100, 25, 1, 0.3, 0.5, 0.2, 0, 2), new(1, kl, 100, 25, 1, 0.3, distinct, 0.2, refusals, loss), 2, new(null, 100, 3000));

    public static TheoryData<string, GateCriteria, double> Measured => new()
    {
        { "KL to the reference", People with { MostKl = 5 }, 5 },
        { "distinct pairs of words, ratio", People with { LeastDistinctRatio = 1 }, 1 },
        { "more refusals", People with { MostMoreRefusals = 0 }, 0 },
        { "forgetting", People with { MostForgetting = 0 }, 0 },
    };

    [Theory]
    [MemberData(nameof(Measured), DisableDiscoveryEnumeration = true)]
    public void A_figure_at_its_threshold_holds_and_beyond_it_closes_the_gate(string name, GateCriteria criteria, double figure)
    {
        var at = Decide(criteria, Votes(360, 240), new(Measures()));
        var beyond = Decide(criteria, Votes(360, 240), new(Measures(kl: 5.1, distinct: 0.49, refusals: 0.01, loss: 2.01)));

        Assert.Equal(("Promote", figure), (at.Outcome, Criterion(at, name).Value));
        Assert.Equal(("Reject", CriterionState.Fails), (beyond.Outcome, Criterion(beyond, name).State));
    }

    [Fact]
    public void A_kind_of_prompts_that_got_worse_closes_the_gate_and_a_small_one_is_not_looked_at()
    {
        var criteria = People with { Clusters = new(0.4, LeastPrompts: 20) };
        List<GateVote> good = [.. Votes(360, 200, cluster: "0"), .. Votes(1, 9, cluster: "2", name: "small")];

        Assert.Equal("Promote", Decide(criteria, good).Outcome);
        Assert.Equal("NeedMoreJudgements", Decide(criteria, [.. good, .. Votes(wins: 7, losses: 13, cluster: "1", name: "unclear")]).Outcome);
        var verdict = Decide(criteria, [.. good, .. Votes(wins: 10, losses: 40, cluster: "1", name: "bad")]);
        Assert.Equal("Reject", verdict.Outcome);
        Assert.Contains("cluster 1: win rate 0.200 on 50 prompts", Criterion(verdict, "worst cluster").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_the_whole_says_one_thing_and_most_clusters_the_other_it_is_said()
    {
        var verdict = Decide(People, [.. Votes(300, 100, cluster: "0"), .. Votes(20, 30, cluster: "1", name: "b"), .. Votes(20, 30, cluster: "2", name: "c")]);

        Assert.True(verdict is { WinRate: > 0.5, Statistics.ClustersContradict: true });
        Assert.Equal(["0", "1", "2"], verdict.Clusters.Select(c => c.Cluster));
    }

    [Fact]
    public void Too_few_labelers_judgements_or_prompts_ask_for_more()
    {
        Assert.Equal("NeedMoreJudgements", Decide(People with { LeastLabelers = 5 }, Votes(360, 240)).Outcome);
        Assert.Equal(("NeedMoreJudgements", 100), (Decide(People with { LeastJudgements = 700 }, Votes(360, 240)).Outcome, Decide(People with { LeastJudgements = 700 }, Votes(360, 240)).More));
        Assert.Equal("Reject", Decide(People with { LeastJudgements = 1001 }, Votes(600, 400)).Outcome); // the budget is spent
    }

    [Fact]
    public void More_unsafe_completions_than_the_champions_close_the_gate()
    {
        var criteria = People with { MostMoreUnsafe = 0 };
        List<GateVote> safe = [.. Votes(360, 240).Select(v => v with { Champion = Safety.Safe, Challenger = Safety.Safe })];
        List<GateVote> other = [safe[0] with { Challenger = Safety.Unsafe }];

        Assert.Equal("Promote", Decide(criteria, safe).Outcome);
        var verdict = GateVerdicts.Of(criteria, new(safe, 0) { OtherAxes = other }, new()); // said on the axis safety
        Assert.Equal(("Reject", CriterionState.Fails), (verdict.Outcome, Criterion(verdict, "safety").State));
    }

    [Fact]
    public void A_test_for_one_judgement_a_prompt_is_refused_where_there_are_several()
    {
        foreach (var kind in new[] { GateTest.Sprt, GateTest.BetaBinomial })
        {
            var criteria = People with { Test = new(kind) };
            var votes = Votes(360, 240);
            var refused = Decide(criteria, [.. votes, votes[0] with { Labeler = "another" }]);

            Assert.Equal("Promote", Decide(criteria, votes).Outcome);
            Assert.Equal(("Reject", CriterionState.NotEvaluable), (refused.Outcome, refused.Criteria[0].State));
            Assert.Contains("one judgement a prompt", refused.Criteria[0].Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Labelers_who_prefer_the_side_shown_first_close_a_gate_that_asks_for_none_of_them()
    {
        List<GateVote> biased = [.. Votes(360, 240).Select((v, i) => v with { ChallengerFirst = v.Rate == 1 ^ i % 5 == 0 })];

        Assert.Equal("Promote", Decide(People, biased).Outcome);
        Assert.Equal(CriterionState.Fails, Criterion(Decide(People with { NoPositionBias = true }, biased), "position bias").State);
        Assert.Equal("Promote", Decide(People with { NoPositionBias = true }, Votes(360, 240)).Outcome);
    }

    [Fact]
    public void Judgements_that_never_came_are_said_and_stand_for_nothing()
    {
        var verdict = Decide(People, Votes(360, 240), missing: 12);

        Assert.Equal(("Promote", 12, 600), (verdict.Outcome, verdict.Missing, verdict.Judgements));
        Assert.Contains("12 judgements never came", verdict.Criteria[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_any_judgement_nothing_is_computed_and_more_are_asked_for()
    {
        var verdict = Decide(People, []);

        Assert.Equal("NeedMoreJudgements", verdict.Outcome);
        Assert.True(verdict is { WinRate: null, LowerBound: null, EValue: null, Prompts: 0 });
    }

    [Theory]
    [InlineData("""{"test":{"targetRate":0.7}}""", "'test.targetRate' is 0.7")]
    [InlineData("""{"test":{"alpha":0}}""", "'test.alpha' is 0; expected 1E-06 to 0.5")]
    [InlineData("""{"judgedBy":["person"]}""", "'test' is missing")]
    [InlineData("""{"test":{},"judgedBy":[]}""", "'judgedBy' names nobody")]
    [InlineData("""{"test":{},"mostKlToday":3}""", "mostKlToday")]
    [InlineData("""{"test":{"kind":"wald"}}""", "wald.json")]
    [InlineData("""{"test":{},"judgeAlone":true}""", "'judgeAlone' is true")]
    public void Criteria_that_are_mistyped_are_refused_by_name(string text, string said)
    {
        var error = Assert.Throws<InvalidDataException>(() => GateCriteria.Parse("wald.json", System.Text.Encoding.UTF8.GetBytes(text)));

        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }
}
