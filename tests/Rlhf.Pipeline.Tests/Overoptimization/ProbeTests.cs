using System.Text.Json.Nodes;
using Rlhf.Learning.Evaluation.Overoptimization;
using Rlhf.Pipeline.Overoptimization;
using Rlhf.Pipeline.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Tests.Overoptimization;

/// <summary>A reward model probed by best-of-n, before any training.</summary>
public sealed class ProbeTests(SmallRound round) : IClassFixture<SmallRound>
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    JsonObject Sampling(params (string Name, JsonNode? Value)[] more) => new JsonObject
    {
        ["policy"] = round.Policy,
        ["rewardModel"] = round.RewardModel,
        ["prompts"] = round.Prompts,
        ["seed"] = 7,
        ["pools"] = 30,
        ["poolSize"] = 8,
        ["bestOf"] = "2,4,8",
        ["judged"] = 24,
        ["maxNewTokens"] = 8,
        ["slots"] = 8,
        ["batchSize"] = 16,
    }.With(more);

    [Fact]
    public async Task Proxy_comes_from_whole_pools_and_gold_from_one_comparison_of_a_prompt()
    {
        using var run = new TestRun(round.Folder);
        var sampled = await run.Completes("SampleBestOfN", Sampling());
        var (pools, samples, asked) = await run.Artifacts.ReadPoolsAsync(ArtifactRef.Parse($"{sampled["samples"]}"), Token);
        var comparisons = await run.Artifacts.ReadLinesAsync<Comparison>(ArtifactRef.Parse($"{sampled["comparisons"]}"), "comparisons.jsonl", Token);

        var report = await run.ReportAsync(await run.Completes("ProbeRewardModel", await run.JudgedAsync(sampled)));

        Assert.Equal(0, samples.Count % 9);
        Assert.Equal(comparisons.Count, comparisons.Select(c => c.PromptId).Distinct().Count());
        Assert.Equal([2, 4, 8], pools.BestOf);
        var by = samples.ToDictionary(s => (s.PromptId, s.Completion.Sample));
        // Of all eight the one with the highest score; it stands against the one beside the pool.
        Assert.All(asked.Where(a => a.N == 8), a => Assert.Equal(by.Values.Where(s => s.PromptId == a.PromptId && s.Completion.Sample < 8).Max(s => s.Score), by[(a.PromptId, a.Sample)].Score));
        Assert.All(comparisons, c => Assert.Single(new[] { c.A.Sample, c.B.Sample }, s => s == 8));
        Assert.Equal([2, 4, 8], report.BestOfN.Select(p => p.Update));
        Assert.Equal(report.BestOfN.Select(p => BestOfN.Kl(p.Update)), report.BestOfN.Select(p => p.Kl));
        Assert.Equal(report.BestOfN.Select(p => p.Proxy.Value).Order(), report.BestOfN.Select(p => p.Proxy.Value)); // more draws, a better best
        Assert.Equal(comparisons.Count, report.BestOfN.Sum(p => p.Judged));
        Assert.Empty(report.Points);
    }

    [Theory]
    [InlineData(-10, "Continue")]
    [InlineData(10, "Hopeless")]
    public async Task A_reward_model_whose_best_are_not_for_certain_better_is_hopeless(double leastGain, string outcome)
    {
        using var run = new TestRun(round.Folder);
        var sampled = await run.Completes("SampleBestOfN", Sampling());

        var probed = Assert.IsType<StepResult.Completed>(await run.Run("ProbeRewardModel", await run.JudgedAsync(sampled, ("leastGain", leastGain))));

        Assert.Equal(outcome, probed.Outcome);
        var report = await run.ReportAsync(probed.Outputs);
        Assert.Equal(outcome == "Hopeless" ? MonitorVerdict.Stop : MonitorVerdict.Continue, report.Verdict);
        Assert.Contains(run.Said.Notices, n => n.Contains("deviations better than one more completion", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Judgements_of_other_pools_are_refused()
    {
        using var run = new TestRun(round.Folder);
        var (first, second) = (await run.Completes("SampleBestOfN", Sampling()), await run.Completes("SampleBestOfN", Sampling(("seed", 8))));
        var values = await run.JudgedAsync(first);
        values["samples"] = second["samples"]!.DeepClone();

        Assert.Contains("expected comparisons and samples of one step", await run.Fails("ProbeRewardModel", values), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,2")]
    [InlineData("4,2")]
    [InlineData("2,9")]
    [InlineData("two")]
    public async Task Sizes_that_no_pool_has_are_refused(string bestOf)
    {
        using var run = new TestRun(round.Folder);

        Assert.Contains($"'bestOf' is '{bestOf}'; expected rising numbers from 2 to 'poolSize' (8)", await run.Fails("SampleBestOfN", Sampling(("bestOf", bestOf))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(12)]
    public async Task Sampling_that_was_stopped_anywhere_goes_on_and_ends_the_same(int progress)
    {
        using var undisturbed = new TestRun(round.Folder);
        using var stopped = new TestRun(round.Folder);

        await Judged.AssertGoesOnAsync(undisturbed, stopped, "SampleBestOfN", Sampling(), progress);
    }
}
