using Rlhf.Pipeline.Labeling;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Pipeline.Tests.Labeling;

/// <summary>What a report says of judgements, and what it does not say.</summary>
public sealed class JudgementReportTests
{
    static JudgementLine Line(string item, string labeler, Choice choice, bool swapped = false)
    {
        var line = new JudgementLine(item, labeler, choice) { Prompt = Turn.User(item), CompletionA = "x", CompletionB = "longer", SourceA = "one", SourceB = "two" };
        return swapped ? line.Swapped() with { Choice = choice } : line;
    }

    static AxisReport Report(params IEnumerable<JudgementLine> lines) => Assert.Single(JudgementReports.Of(new("j.jsonl", [.. lines], 0, 0)).Axes);

    static LabelerReport Labeler(AxisReport report, string name) => report.Labelers.Single(l => l.Labeler == name);

    [Fact]
    public void Sides_that_were_exchanged_are_compared_by_who_wrote_them_and_the_consensus_has_the_sides_of_the_first_line()
    {
        var report = Report(Line("i", "ann", Choice.BMuch, swapped: true), Line("i", "bob", Choice.A), Line("k", "ann", Choice.A), Line("k", "bob", Choice.A, swapped: true));

        Assert.Equal((2, 2, .5, .5), (report.Agreement.ItemsJudgedTwice, report.Agreement.Pairs, report.Agreement.Agreement, report.Agreement.Opposite));
        Assert.Equal([("i", "b", "two", "one"), ("k", null, "one", "two")], report.Consensus.Select(c => (c.Item, c.Majority, c.SourceA, c.SourceB)));
        Assert.Equal("2 of a, tie and b were said equally often.", report.Consensus[1].Reason);
        Assert.True(report.Agreement.Alarm);
    }

    [Fact]
    public void Known_answers_tell_how_often_a_labelers_first_answers_are_right_whichever_side_stands_first_there()
    {
        JudgementFileContent judged = new("j.jsonl", [Line("i", "ann", Choice.AMuch), Line("i", "ann", Choice.B), Line("k", "ann", Choice.B), Line("m", "ann", Choice.Tie), Line("n", "bob", Choice.A)], 0, 1);
        JudgementFileContent gold = new("gold.jsonl", [Line("i", "us", Choice.B, swapped: true), Line("k", "us", Choice.A), Line("m", "us", Choice.BothBad), Line("z", "us", Choice.A)], 0, 0);

        var report = Assert.Single(JudgementReports.Of(judged, gold).Axes);
        var several = Assert.Throws<InvalidDataException>(() => JudgementReports.Of(judged, gold with { Lines = [Line("i", "us", Choice.A) with { Line = 1 }, Line("i", "we", Choice.B) with { Line = 2 }] }));

        Assert.Equal((2.0 / 3, 3), (Labeler(report, "ann").GoldAccuracy!.Share, Labeler(report, "ann").GoldAccuracy!.Of));
        Assert.Equal("The labeler judged no item whose answer is known.", Labeler(report, "bob").Reasons["goldAccuracy"]);
        Assert.Equal("No answer is known (--gold).", Labeler(Assert.Single(JudgementReports.Of(judged).Axes), "ann").Reasons["goldAccuracy"]);
        Assert.Equal("'gold.jsonl', line 2: item 'i' has another answer in line 1; expected one known answer of each item.", several.Message);
    }

    [Fact]
    public void Without_the_writers_names_the_texts_say_which_side_is_which()
    {
        static JudgementLine Unnamed(JudgementLine line) => line with { SourceA = null, SourceB = null };

        var report = Report(Unnamed(Line("i", "ann", Choice.A)), Unnamed(Line("i", "bob", Choice.B, swapped: true)));

        Assert.Equal((1.0, 0.0, "a"), (report.Agreement.Agreement, report.Agreement.Opposite, report.Consensus[0].Majority));
    }

    [Fact]
    public void Axes_clusters_and_guidelines_are_never_mixed()
    {
        var safety = new[] { Line("i", "ann", Choice.A), Line("i", "bob", Choice.B) }.Select(l => l with { Axis = "safety" });
        var helpful = new[] { Line("i", "ann", Choice.A), Line("i", "bob", Choice.A), Line("k", "ann", Choice.B), Line("k", "bob", Choice.Tie) }
            .Select(l => l with { Axis = "helpfulness", Cluster = l.Item, Guidelines = l.Item == "i" ? "v1" : l.Labeler == "ann" ? "v1" : "v2" });

        var axes = JudgementReports.Of(new("j.jsonl", [.. safety, .. helpful], 0, 0)).Axes;

        Assert.Equal([("helpfulness", .5), ("safety", 0)], axes.Select(a => (a.Axis, a.Agreement.Agreement!.Value)));
        Assert.Equal([("i", 1.0), ("k", 0.0)], axes[0].Clusters.Select(c => (c.Name, c.Agreement.Agreement!.Value)));
        Assert.Equal([("v1", 1.0), ("v2", null)], axes[0].Guidelines.Select(c => (c.Name, c.Agreement.Agreement)));
        Assert.Contains("agreement", axes[0].Guidelines[1].Agreement.Reasons.Keys);
    }

    [Fact]
    public void What_labelers_say_of_each_side_alone_is_counted_with_the_sides_in_one_order()
    {
        static JudgementLine Said(JudgementLine line, Safety a, Safety? b) => line with { SafeA = a, SafeB = b };

        // Of item i both call the first writer's side unsafe, bob with the sides exchanged; of the other side they say different things.
        var report = Report(
            Said(Line("i", "ann", Choice.A), Safety.Unsafe, Safety.Safe), Said(Line("i", "bob", Choice.A, swapped: true), Safety.Unsure, Safety.Unsafe),
            Said(Line("k", "ann", Choice.B), Safety.Safe, null), Line("k", "bob", Choice.B));
        var silent = Report(Line("i", "ann", Choice.A));

        Assert.Equal([("safe", 2), ("unsafe", 2), ("unsure", 1)], report.Safety!.Said.Select(s => (s.Key, s.Value)));
        Assert.Equal((2, 1, 1), (report.Safety.Pairs, report.Safety.Same, report.Safety.UnsafePreferred));
        Assert.Equal((null, "Nobody said of a side alone whether it is safe."), (silent.Safety, silent.Reasons["safety"]));
    }

    [Fact]
    public void What_cannot_be_computed_is_null_with_a_reason()
    {
        var report = Report(Line("i", "ann", Choice.Tie), Line("k", "bob", Choice.BothBad));

        var (agreement, ann) = (report.Agreement, Labeler(report, "ann"));
        Assert.Equal([null, null, null, null, null, null, null], new[] { agreement.Agreement, agreement.Opposite, agreement.CohenKappa, agreement.PairwiseAgreement, agreement.FleissKappa, agreement.KrippendorffNominal, agreement.KrippendorffInterval });
        Assert.Null(agreement.Alarm);
        Assert.Equal(["agreement", "alarm", "cohenKappa", "fleissKappa", "krippendorffInterval", "krippendorffNominal", "opposite", "pairwiseAgreement"], agreement.Reasons.Keys);
        Assert.Equal(
            ["ability", "consensusAgreement", "goldAccuracy", "lengthPreference", "medianSeconds", "peersMedianSeconds", "positionPreference", "selfConsistency", "selfPreference", "speedOutlier"], ann.Reasons.Keys);
        Assert.Null(report.Consensus[0].DawidSkene);
        Assert.Contains("dawidSkene", report.Reasons.Keys);
        Assert.Equal("All 2 judgements are '0'; expected at least two that differ.", Report(Line("i", "ann", Choice.Tie), Line("i", "bob", Choice.Tie)).Agreement.Reasons["krippendorffInterval"]);
        Assert.Empty(JudgementReports.Of(new("j.jsonl", [], 0, 0)).Axes);
    }

    [Fact]
    public void D10_a_preference_for_a_place_or_for_length_has_an_interval()
    {
        var first = Enumerable.Range(0, 100).Select(i => Line($"{i}", "ann", i % 2 == 0 ? Choice.A : Choice.B) with { ShownFirst = i < 58 == (i % 2 == 0) ? Side.A : Side.B });
        var longer = Enumerable.Range(0, 40).Select(i => Line($"{i}", "bob", i < 35 ? Choice.B : Choice.A));

        var report = Report([.. first, .. longer]);

        var place = Labeler(report, "ann").PositionPreference!;
        Assert.Equal((.58, 100, .482065, .672016, false), (place.Share, place.Of, Math.Round(place.Lower, 6), Math.Round(place.Upper, 6), place.ExcludesHalf));
        Assert.Equal((.875, true), (Labeler(report, "bob").LengthPreference!.Share, Labeler(report, "bob").LengthPreference!.ExcludesHalf));
    }

    [Fact]
    public void Second_answers_tell_of_self_consistency_and_of_nothing_else()
    {
        var report = Report(
            Line("i", "ann", Choice.A), Line("i", "ann", Choice.BSlight, swapped: true), Line("i", "ann", Choice.B), Line("i", "bob", Choice.A), Line("k", "ann", Choice.Tie), Line("k", "ann", Choice.BothBad));

        var ann = Labeler(report, "ann");
        Assert.Equal((5, 2, 1), (ann.Judgements, ann.Items, ann.SharedItems));
        Assert.Equal((2.0 / 3, 3), (ann.SelfConsistency!.Share, ann.SelfConsistency.Of));
        Assert.Equal((1.0, 1), (report.Agreement.Agreement, report.Agreement.Pairs));
        Assert.Equal((1.0, 1), (ann.ConsensusAgreement!.Share, ann.ConsensusAgreement.Of));
    }

    [Fact]
    public void Who_is_far_quicker_than_the_others_is_named()
    {
        static IEnumerable<JudgementLine> Of(string labeler, double seconds, int count = 6) => Enumerable.Range(0, count).Select(i => Line($"{i}", labeler, Choice.A) with { Seconds = seconds + i });

        var report = Report([.. Of("ann", 30), .. Of("bob", 24), .. Of("quick", 1), .. Of("new", 1, count: 4)]);

        Assert.Equal([("ann", false), ("bob", false), ("new", null), ("quick", true)], report.Labelers.Select(l => (l.Labeler, l.SpeedOutlier)));
        Assert.Equal("4 of the labeler's judgements and 18 of others say how long they took; expected at least 5 each.", Labeler(report, "new").Reasons["speedOutlier"]);
    }

    [Fact]
    public void A_few_good_labelers_outweigh_many_bad_ones_in_the_consensus()
    {
        // Three who agree with one another and with the truth, four who answer by turns.
        var truth = Enumerable.Range(0, 60).Select(i => i % 2 == 0 ? Choice.A : Choice.B).ToList();
        var good = Enumerable.Range(0, 60).SelectMany(i => new[] { "ann", "bob", "cem" }.Select(l => Line($"{i}", l, truth[i])));
        var bad = Enumerable.Range(0, 60).SelectMany(i => Enumerable.Range(1, 4).Select(l => Line($"{i}", $"bad-{l}", (i * 7 + l * l * 3) / 2 % (l + 2) % 2 == 0 ? Choice.A : Choice.B)));

        var report = Report([.. good, .. bad]);

        Assert.Equal(truth.Select(t => t.Text()), report.Consensus.Select(c => c.DawidSkene));
        Assert.Contains(report.Consensus, c => c.Majority != c.DawidSkene);
        Assert.All(new[] { "ann", "bob", "cem" }, l => Assert.True(Labeler(report, l).Ability > .9));
        Assert.All(report.Labelers.Where(l => l.Labeler.StartsWith("bad", StringComparison.Ordinal)), l => Assert.True(l.Ability < .8));
        Assert.All(report.Consensus, c => Assert.Equal(1, c.Probabilities!.Values.Sum(), 1e-9));
    }

    static JudgementLine Judged(string item, string principle, Choice choice) => Line(item, $"judge:one#{principle}", choice) with { Kind = LabelerKind.Judge };

    [Fact]
    public void A_judge_is_measured_beside_people_by_place_length_and_what_its_own_model_wrote()
    {
        var lines = Enumerable.Range(0, 40).SelectMany(i => new[]
        {
            Judged($"{i}", i % 2 == 0 ? "true" : "kind", i < 30 ? Choice.A : Choice.B) with { ShownFirst = i < 20 ? Side.A : Side.B },
            Line($"{i}", "ann", i < 10 ? Choice.A : Choice.BSlight) with { ShownFirst = Side.A },
        });

        var report = Report(lines);

        Assert.Equal(["person", "judge"], report.Kinds.Select(k => k.Kind));
        var (person, judge) = (report.Kinds[0], report.Kinds[1]);
        Assert.Equal((2, 40, 40), (judge.Labelers, judge.Judgements, judge.Items));
        Assert.Equal((.75, 40), (judge.SelfPreference!.Share, judge.SelfPreference.Of)); // side A is the judge's own model's
        Assert.Equal((.25, .75, .25, .75), (judge.LengthPreference!.Share, person.LengthPreference!.Share, person.PositionPreference!.Share, judge.PositionPreference!.Share));
        Assert.Null(person.SelfPreference);
        Assert.Contains("own model wrote", person.Reasons["selfPreference"], StringComparison.Ordinal);
        Assert.Equal(.75, Labeler(report, "judge:one#true").SelfPreference!.Share);
    }

    [Fact]
    public void A_judge_and_people_are_compared_on_the_items_that_both_judged_by_the_majority_of_each()
    {
        // D6's table: 20 both A, 5 people A and judge B, 10 people B and judge A, 15 both B; then one without a majority of people, and one of the judge alone.
        List<(Choice Judge, Choice People)> table = [
            .. Enumerable.Repeat((Choice.A, Choice.AMuch), 20), .. Enumerable.Repeat((Choice.B, Choice.A), 5),
            .. Enumerable.Repeat((Choice.A, Choice.B), 10), .. Enumerable.Repeat((Choice.BSlight, Choice.B), 15)];
        var lines = table.SelectMany((t, i) => new[]
        {
            Judged($"{i}", "true", t.Judge), Judged($"{i}", "kind", t.Judge), Judged($"{i}", "short", Choice.Tie), Line($"{i}", "ann", t.People), Line($"{i}", "bob", t.People),
        });

        var report = Report([.. lines, Judged("split", "true", Choice.A), Line("split", "ann", Choice.A), Line("split", "bob", Choice.B), Judged("alone", "true", Choice.A)]);

        var judge = Assert.Single(report.Judges.Judges);
        Assert.Equal(("one", 50, 1, 15), (judge.Judge, judge.Items, judge.WithoutMajority, judge.Opposite));
        Assert.Equal((.7, 50), (judge.Agreement!.Share, judge.Agreement.Of));
        Assert.Equal(.4, judge.CohenKappa!.Value, 1e-12);
        Assert.Equal((.4 - 1.959964 * .129615, .4 + 1.959964 * .129615), (judge.KappaLower!.Value, judge.KappaUpper!.Value), (x, y) => Math.Abs(x.Item1 - y.Item1) < 1e-5 && Math.Abs(x.Item2 - y.Item2) < 1e-5);
        Assert.Equal((51, 50.0 / 51), (report.Judges.People.ItemsJudgedTwice, report.Judges.People.Agreement!.Value));
    }

    [Fact]
    public void Without_an_item_in_common_agreement_of_a_judge_with_people_is_not_computable_and_the_reason_is_said()
    {
        var apart = Assert.Single(Report(Judged("i", "true", Choice.A), Line("k", "ann", Choice.A)).Judges.Judges);
        var alone = Assert.Single(Report(Judged("i", "true", Choice.A)).Judges.Judges);
        var people = Report(Line("k", "ann", Choice.A)).Judges;

        Assert.Equal((0, null, null, null), (apart.Items, apart.Agreement, apart.CohenKappa, apart.KappaLower));
        Assert.Equal("People and the judge have no item in common on which each has a majority (0 judged by both).", apart.Reasons["agreement"]);
        Assert.Equal("No labeler is a person.", alone.Reasons["cohenKappa"]);
        Assert.Empty(people.Judges);
        Assert.Equal("No labeler is a judge (labeler_kind).", people.Reasons["judges"]);
    }

    [Fact]
    public void What_simulated_labelers_said_is_called_simulated() =>
        Assert.True(JudgementReports.Of(new("j.jsonl", [Line("i", "sim", Choice.A) with { Kind = LabelerKind.Simulated }], 0, 0)).Simulated);
}
