using System.Text.Json.Nodes;
using Rlhf.Pipeline.Comparisons;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Tests.Comparisons;

public sealed class SelectComparisonsTests(SmallRound small) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Candidates of prompts in two clusters, 90 and 10; every fifth is held out.</summary>
    static List<Comparison> Candidates() =>
        [.. Enumerable.Range(0, 100).Select(i => Some.Comparison(i % 5 == 0 ? "heldOut" : "training", id: $"c{i:00}") with { PromptId = $"p{i}", Cluster = i < 90 ? 0 : 1 })];

    static Dictionary<string, double[]> LogOdds(Func<int, double[]> of) => Enumerable.Range(0, 100).ToDictionary(i => $"c{i:00}", of);

    static List<Comparison> Chosen(SelectComparisons.HParams hparams, Dictionary<string, double[]>? logOdds = null, long seed = 1) =>
        new ComparisonChoice(hparams, seed, logOdds).Of(Candidates());

    [Fact]
    public void Held_out_comparisons_keep_their_share_and_are_drawn_whatever_the_strategies()
    {
        var uniform = Chosen(new(40));
        var active = Chosen(new(40) { Disagreement = 1 }, LogOdds(i => [i, -i]));

        var heldOut = uniform.Where(c => c.Purpose == "heldOut").Select(c => c.Id).ToList();
        Assert.Equal(8, heldOut.Count);
        Assert.Equal(heldOut.Order(), active.Where(c => c.Purpose == "heldOut").Select(c => c.Id).Order());
        Assert.Equal((40, 40), (uniform.Count, active.Select(c => c.Id).Distinct().Count()));
    }

    [Fact]
    public void A_small_cluster_is_asked_about_more_than_its_share()
    {
        var training = Chosen(new(40)).Where(c => c.Purpose == "training").ToList();

        Assert.Equal(8, training.Count(c => c.Cluster == 1)); // all there are, where 3 of 32 would be its share
    }

    [Fact]
    public void Each_strategy_gets_its_share_and_takes_what_is_worth_most_by_it()
    {
        // Members disagree most on high numbers; sides score most alike on low ones.
        var logOdds = LogOdds(i => [0.1 * i + 0.02 * i, 0.1 * i - 0.02 * i]);

        var training = Chosen(new(40) { Disagreement = 0.25, SmallGap = 0.5 }, logOdds).Where(c => c.Purpose == "training").ToList();

        var byStrategy = training.ToLookup(c => c.Strategy, c => int.Parse(c.Id[1..]));
        Assert.Equal((8, 16, 8), (byStrategy["disagreement"].Count(), byStrategy["smallGap"].Count(), byStrategy["uniform"].Count()));
        Assert.Equal(Enumerable.Range(0, 90).Where(i => i % 5 != 0).Take(3), byStrategy["smallGap"].Order().Take(3));
    }

    [Fact]
    public void The_same_seed_asks_the_same_and_another_asks_others()
    {
        Assert.Equal(Chosen(new(40)).Select(c => c.Id), Chosen(new(40)).Select(c => c.Id));
        Assert.NotEqual(Chosen(new(40)).Select(c => c.Id), Chosen(new(40), seed: 2).Select(c => c.Id));
    }

    [Fact]
    public void Shares_that_are_more_than_everything_are_refused() =>
        Assert.Contains("expected at most 1", new SelectComparisons.HParams(10) { Disagreement = 0.6, SmallGap = 0.5 }.Validate(), StringComparison.Ordinal);

    [Fact]
    public async Task Prompts_are_grouped_by_the_policys_hidden_states_and_the_report_says_what_is_covered()
    {
        using var run = new TestRun(small.Folder);

        var (comparisons, report) = await Select(run, new() { ["policy"] = small.Policy, ["clusters"] = 4, ["budget"] = 16 });

        Assert.Equal(16, comparisons.Count);
        Assert.All(comparisons, c => Assert.InRange(c.Cluster!.Value, 0, 3));
        Assert.All(comparisons.GroupBy(c => c.PromptId), g => Assert.Single(g.Select(c => c.Cluster).Distinct()));
        Assert.Equal(report.Training, report.Clusters.Sum(c => c.Asked));
        Assert.InRange(report.Coverage!.Value, 0.5, 1);
        Assert.InRange(report.Evenness!.Value, 0.1, 1);
    }

    [Fact]
    public async Task Without_a_reward_model_of_an_earlier_round_all_are_drawn_uniformly_and_that_is_said()
    {
        using var run = new TestRun(small.Folder);

        var (comparisons, report) = await Select(run, new() { ["smallGap"] = 0.5, ["budget"] = 12 });

        Assert.Equal(12, report.Strategies["uniform"]);
        Assert.Contains(run.Said.Notices, n => n.Contains("no reward model of an earlier round", StringComparison.Ordinal));
        Assert.All(comparisons, c => Assert.Null(c.Cluster));
        Assert.Null(report.Coverage);
    }

    [Fact]
    public async Task The_plot_of_the_clusters_shows_their_numbers_and_has_the_numbers_behind_it()
    {
        using var run = new TestRun(small.Folder);
        var artifact = ArtifactRef.Parse($"{(await run.Completes("SelectComparisons", Values(new() { ["policy"] = small.Policy, ["clusters"] = 4, ["budget"] = 16 })))["comparisons"]}");

        var plot = System.Xml.Linq.XDocument.Parse(System.Text.Encoding.UTF8.GetString(await run.Artifacts.ReadFileAsync(artifact, SelectionReport.Plot, Token)));
        var rows = System.Text.Encoding.UTF8.GetString(await run.Artifacts.ReadFileAsync(artifact, SelectionReport.PlotNumbers, Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("prompt,cluster,first_component,second_component", rows[0]);
        Assert.Equal(rows.Skip(1).Select(r => r.Split(',')[1]), plot.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
    }

    [Fact]
    public async Task A_single_reward_model_finds_small_gaps_but_cannot_disagree_with_itself()
    {
        using var run = new TestRun(small.Folder);

        var (_, report) = await Select(run, new() { ["rewardModel"] = small.RewardModel, ["smallGap"] = 0.5, ["budget"] = 20 });
        var reason = await run.Fails("SelectComparisons", Values(new() { ["rewardModel"] = small.RewardModel, ["disagreement"] = 0.5 }));

        Assert.Equal((int)Math.Round(report.Training * 0.5), report.Strategies["smallGap"]);
        Assert.Contains("expected an ensemble", reason, StringComparison.Ordinal);
    }

    JsonObject Values(JsonObject more)
    {
        var values = new JsonObject { ["completions"] = small.Completions, ["prompts"] = small.Prompts, ["seed"] = 3 };
        foreach (var (name, value) in more) values[name] = value?.DeepClone();
        return values;
    }

    async Task<(List<Comparison> Comparisons, SelectionReport Report)> Select(TestRun run, JsonObject more)
    {
        var artifact = ArtifactRef.Parse($"{(await run.Completes("SelectComparisons", Values(more)))["comparisons"]}");
        return (await run.Artifacts.ReadComparisonsAsync(artifact, Token), await run.Artifacts.ReadJsonAsync<SelectionReport>(artifact, "report.json", Token));
    }
}
