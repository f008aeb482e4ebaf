using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Rlhf.Reports.Comparing;
using Rlhf.Reports.Figures;
using Rlhf.Reports.Rounds;
using Rlhf.Reports.Tests.Support;
using Rlhf.Steps.Gates;

namespace Rlhf.Reports.Tests.Rounds;

/// <summary>What a report shows, and what it says where there is nothing to show.</summary>
public sealed class RoundDocumentTests
{
    static string Text(RoundMaterial round, IReadOnlyList<StepTime>? times = null) => Encoding.UTF8.GetString(RoundDocument.Write(round, times));

    static XDocument Parsed(string page) => XDocument.Parse(page[page.IndexOf("<body>", StringComparison.Ordinal)..].Replace("</html>", "", StringComparison.Ordinal));

    static XElement Section(XDocument page, string id) => page.Descendants("section").Single(s => s.Attribute("id")?.Value == id);

    [Fact]
    public void The_decision_comes_first_and_every_part_is_there()
    {
        var sections = Parsed(Text(SomeRound.Of())).Descendants("section").Select(s => s.Attribute("id")!.Value);

        Assert.Equal(["decision", "overoptimization", "ppo", "reward-model", "agreement", "completions", "prompts", "lineage", "hparams", "cost"], sections);
    }

    [Fact]
    public void What_simulated_labelers_said_is_called_simulated_in_every_part_that_rests_on_it()
    {
        var page = Parsed(Text(SomeRound.Of()));
        foreach (var id in new[] { "decision", "overoptimization", "reward-model", "agreement" }) Assert.Contains("simulated", Section(page, id).Element("h2")!.Value, StringComparison.Ordinal);
        Assert.Contains("Judged (simulated)", Section(page, "completions").Value, StringComparison.Ordinal);
        Assert.Contains("Win rate of the challenger by cluster (simulated)", Section(page, "prompts").Value, StringComparison.Ordinal);
        Assert.Contains("gold (simulated), PPO", Section(page, "overoptimization").Descendants("img").Select(i => Svg(i)).Single(), StringComparison.Ordinal);

        Assert.DoesNotContain("simulated", Text(SomeRound.Of(simulated: false) with { Cost = new([], [], [], []) }), StringComparison.OrdinalIgnoreCase);
    }

    static string Svg(XElement image) => Encoding.UTF8.GetString(Convert.FromBase64String(image.Attribute("src")!.Value.Split("base64,")[1]));

    [Fact]
    public void Gold_and_proxy_stand_against_the_root_of_KL_with_both_laws_and_the_places_that_matter()
    {
        var figure = OveroptimizationPlot.Of(SomeRound.Monitored());

        foreach (var word in new[] { "√KL to the starting policy (√nats)", "proxy, PPO", "gold (simulated), PPO", "law fitted to gold, PPO", "law of best of n, PPO", "law fitted to gold, best of n", "predicted best", "proxy and gold part", "handed on" })
            Assert.Contains(word, figure.Svg, StringComparison.Ordinal);
        var rows = figure.Numbers!.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(9, rows.Length);
        Assert.StartsWith("PPO,policy/", rows[1], StringComparison.Ordinal);
        Assert.Contains(",4,2,0.8,", rows[3], StringComparison.Ordinal); // kl, its root, proxy 0.4·√kl
    }

    [Fact]
    public void What_one_more_round_promises_stands_beside_training_longer_with_its_assumptions()
    {
        var section = Section(Parsed(Text(SomeRound.Of())), "overoptimization").Value;

        Assert.Contains("with a reward model trained anew0.2 [0.1, 0.3]", section, StringComparison.Ordinal);
        Assert.Contains("Training longer against this reward model-0.1 [-0.2, 0]", section, StringComparison.Ordinal);
        Assert.Contains("The reward model is as good again.", section, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fit_that_was_refused_is_said_with_its_reason_and_no_law_is_drawn()
    {
        var round = SomeRound.Of() with { Overoptimization = SomeRound.Monitored(fitted: false) };

        Assert.Contains("No law was fitted: two points carry no law", Text(round), StringComparison.Ordinal);
        Assert.DoesNotContain("law", OveroptimizationPlot.Of(round.Overoptimization!).Svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_are_shaded_by_how_far_they_are_from_the_reference()
    {
        var completions = Section(Parsed(Text(SomeRound.Of())), "completions");
        var spans = completions.Descendants("p").Where(p => p.Attribute("class")?.Value == "text").SelectMany(p => p.Elements("span")).ToList();

        Assert.Equal(["k k4", "k k2 less"], spans.Select(s => s.Attribute("class")!.Value));
        Assert.Equal(["+2.5 nats", "-0.5 nats"], spans.Select(s => s.Attribute("title")!.Value));
        Assert.Contains("1 for the challenger", completions.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_round_of_ten_thousand_pairs_stays_small_and_says_what_is_not_drawn()
    {
        var page = RoundDocument.Write(SomeRound.Of(pairs: 10_000));

        Assert.True(page.Length < 3_000_000, $"{page.Length} bytes");
        Assert.Contains("Drawn are 1\u202f500 of 10\u202f000 pairs, evenly out of all; the numbers are all.", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
        Assert.Contains("Numbers (CSV, 10000 rows)", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_there_has_its_reason_and_nothing_stands_for_it()
    {
        var bare = new RoundMaterial("c", SomeRound.Of().Report)
        {
            Lineage = RoundLineage.Of([], SomeRound.Inputs(1)),
            Missing = new Dictionary<string, string>
            {
                [RoundReader.Measures] = "measures/1 is not in this store.",
                [RoundReader.Samples] = "No tokens were kept.",
                [RoundReader.Training] = "No curves.",
                [RoundReader.Pairs] = "No pairs.",
                [RoundReader.Overoptimization] = "Nobody watched.",
                [RoundReader.ClusterPlot] = "Prompts were not grouped.",
            },
        };
        var page = Parsed(Text(bare));

        foreach (var sentence in bare.Missing.Values) Assert.Contains(page.Descendants("p"), p => p.Attribute("class")?.Value == "absent" && p.Value == sentence);
        Assert.Equal("Reliability diagram: predicted probability against the share that came true", page.Descendants("img").Single().Attribute("alt")!.Value);
    }

    [Fact]
    public void Times_are_on_a_page_about_a_run_and_never_in_the_artifacts_page()
    {
        var round = SomeRound.Of();
        var timed = Text(round, StepTime.Of(round.Lineage));

        Assert.DoesNotMatch(new Regex("20[0-9]{2}-[01][0-9]-[0-3][0-9]"), Text(round));
        Assert.Contains("How long it took is of a run", Text(round), StringComparison.Ordinal);
        Assert.Contains("2026-01-01 00:00 UTC", timed, StringComparison.Ordinal);
        Assert.Contains("4.0 s in steps", timed, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_figure_has_a_unit_or_a_name_at_its_axes_and_its_numbers()
    {
        var page = Parsed(Text(SomeRound.Of() with { ClusterPlot = "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", ClusterNumbers = "a\n1\n" }));
        var figures = page.Descendants("figure").ToList();

        Assert.Equal(7, figures.Count);
        Assert.All(figures, f => Assert.Single(f.Descendants("a"), a => a.Attribute("download")!.Value.EndsWith(".csv", StringComparison.Ordinal)));
        Assert.All(figures, f => Assert.NotEmpty(f.Element("img")!.Attribute("alt")!.Value));
    }

    [Fact]
    public void Rounds_lie_over_each_other_with_what_differs_between_them()
    {
        var (first, second) = (SomeRound.Of(1), SomeRound.Of(2));
        var other = second.Lineage.Steps.Select(s => s.Record.Step == "TrainRewardModel" ? s with { Record = s.Record with { Hparams = new() { ["learningRate"] = 0.01 } } } : s).ToList();
        var page = Encoding.UTF8.GetString(RoundsDocument.Write("Campaign", [first, second with { Lineage = second.Lineage with { Steps = other } }]));
        var parsed = Parsed(page);
        var kl = parsed.Descendants("img").Select(Svg).Single(s => s.Contains("PPO update", StringComparison.Ordinal) && s.Contains("KL (nats a sequence)", StringComparison.Ordinal));

        Assert.Contains("round 1", kl, StringComparison.Ordinal);
        Assert.Contains("round 2", kl, StringComparison.Ordinal);
        Assert.Equal("TrainRewardModel.learningRate0.0010.01", Section(parsed, "hparams").Descendants("tbody").Single().Value);
        Assert.Throws<ArgumentException>(() => RoundsDocument.Write("none", []));
    }

    [Fact]
    public void What_the_monitor_measured_in_each_round_lies_over_each_other_with_what_going_on_promises_after_each()
    {
        var page = Parsed(Encoding.UTF8.GetString(RoundsDocument.Write("Campaign", [SomeRound.Of(1), SomeRound.Of(2) with { Overoptimization = SomeRound.Monitored(fitted: false) with { Outlook = null } }])));
        var section = Section(page, "overoptimization");
        var gold = Svg(section.Descendants("img").First());

        foreach (var word in new[] { "√KL to the policy that the round started from (√nats)", "Gold (simulated) (deviations of that policy's)", "round 1", "round 2" }) Assert.Contains(word, gold, StringComparison.Ordinal);
        Assert.Equal(["gold-by-round.csv", "proxy-by-round.csv"], section.Descendants("a").Select(a => a.Attribute("download")!.Value));
        var rows = section.Descendants("tr").Select(r => string.Join('|', r.Elements("td").Select(c => c.Value))).Where(r => r.Length > 0).ToList();
        Assert.Equal("round 1|0.2 [0.1, 0.3]|-0.1 [-0.2, 0]", rows[2]);
        Assert.Equal("round 2|not predicted: No law was fitted: two points carry no law of two parameters|not predicted: No law was fitted: two points carry no law of two parameters", rows[3]);
        Assert.Contains("The reward model is as good again.", section.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Rounds_that_nobody_watched_say_so_in_the_place_of_curves()
    {
        var section = Section(Parsed(Encoding.UTF8.GetString(RoundsDocument.Write("Campaign", [SomeRound.Of(monitored: false)]))), "overoptimization");

        Assert.Empty(section.Descendants("img"));
        Assert.Contains("watched none of these trainings", section.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_one_round_did_not_run_is_named_and_its_hparams_do_not_differ()
    {
        var (first, second) = (SomeRound.Of(1), SomeRound.Of(2));
        var fewer = second.Lineage.Steps.Where(s => s.Record.Step != "TrainRewardModel").ToList();
        var section = Section(Parsed(Encoding.UTF8.GetString(RoundsDocument.Write("Campaign", [first, second with { Lineage = second.Lineage with { Steps = fewer } }]))), "hparams");

        Assert.Empty(section.Descendants("table"));
        Assert.Contains("TrainRewardModel was not run for round 2.", section.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "2 of 2 rounds promoted their challenger: round 1, round 2")]
    [InlineData(false, "None of 2 rounds promoted its challenger")]
    public void Which_rounds_promoted_comes_first_of_all(bool promoted, string said)
    {
        RoundMaterial Decided(RoundMaterial round) => promoted ? round : round with { Report = round.Report with { Decision = round.Report.Decision with { Verdict = round.Report.Decision.Verdict with { Outcome = GateVerdict.Reject } } } };
        var page = Parsed(Encoding.UTF8.GetString(RoundsDocument.Write("Campaign", [Decided(SomeRound.Of(1)), Decided(SomeRound.Of(2))])));

        Assert.Equal(said, page.Descendants("p").First(p => p.Attribute("class")?.Value == "outcome").Value);
    }

    [Fact]
    public void Gold_and_proxy_start_at_zero_and_the_signs_of_reward_hacking_have_names_and_units()
    {
        var report = SomeRound.Monitored();
        var round = SomeRound.Of() with { Overoptimization = report with { Signs = [report.Signs[0], report.Signs[0] with { Name = "rareTokens" }] } };
        var section = Section(Parsed(Text(round)), "overoptimization");

        Assert.Equal(["Reward hacking by length: alarm", "Reward hacking by rare tokens: alarm"], section.Elements("h3").Select(h => h.Value));
        Assert.Contains("the threshold is 1.2 (nats a token by the reference policy).", section.Value, StringComparison.Ordinal);
        Assert.Contains("zero is the starting policy", OveroptimizationPlot.Of(report).Caption, StringComparison.Ordinal);
    }

    [Fact]
    public void Thinning_keeps_the_first_and_the_last_and_the_order()
    {
        var thinned = Plot.Thinned([.. Enumerable.Range(0, 1000)], 10);

        Assert.Equal((0, 999, 10), (thinned[0], thinned[^1], thinned.Count));
        Assert.Equal(thinned.Order(), thinned);
    }
}
