using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds that an AI judge judges.</summary>
public sealed class JudgeTests(FinishedRound finished)
{
    static readonly string[] Round = ["round", "--preset", "tiny", "--labeler", "judge"];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static void Configure(Site site, StubJudge stub, string tokens)
    {
        site.Environment["RLHF_JUDGE_URL"] = stub.Address;
        site.Environment["RLHF_JUDGE_MODEL"] = "some-model";
        site.Environment["RLHF_JUDGE_KEY"] = "sk-not-to-be-shown";
        site.Environment["RLHF_JUDGE_AT_ONCE"] = "1";
        site.Environment["RLHF_JUDGE_TOKENS"] = tokens;
        site.Environment["RLHF_JUDGE_PRICES"] = "2/8";
    }

    [Fact]
    public async Task A_round_by_an_AI_judge_stops_at_its_budget_outlives_a_kill_and_ends_with_a_decision_that_is_called_an_AI_judges()
    {
        await using var site = new Site();
        await using var stub = await StubJudge.StartAsync();
        Configure(site, stub, tokens: "12000");

        var stopped = await site.RunAsync([.. Round, "--json"]);
        Assert.True(stopped.ExitCode == 1, $"{stopped.ExitCode}: {stopped.Error}");
        var (instance, affordable) = ((await site.Look.InstancesAsync()).Single().Id, stub.Asked.Count);
        Configure(site, stub, tokens: "10000000");
        var retried = site.Start("instances", "retry", instance);
        await site.UntilAsync("some more are answered", () => Task.FromResult(stub.Asked.Count > affordable + 100 ? "" : null));
        Assert.True(await retried.KillAsync());
        var done = await site.RunAsync([.. Round, "--json"]);

        Assert.Contains("budget of 12000 tokens (RLHF_JUDGE_TOKENS)", stopped.Error, StringComparison.Ordinal);
        Assert.InRange(affordable * (StubJudge.InputTokens + StubJudge.OutputTokens), 8000, 12000);
        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Contains(done.Json["decision"]!.GetValue<string>(), new[] { "promote", "reject" });
        Assert.Equal((false, 1.0), (done.Json["simulated"]!.GetValue<bool>(), done.Json["judgeShare"]!.GetValue<double>()));
        Assert.Equal((false, 1.0), (done.Json["report"]!["rewardModel"]!["simulated"]!.GetValue<bool>(), done.Json["report"]!["rewardModel"]!["judgeShare"]!.GetValue<double>()));
        Assert.Null(done.Json["report"]!["gold"]);
        Assert.EndsWith("(AI judge)", done.Json["report"]!["decision"]!["verdict"]!["criteria"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.InRange(Twice(stub), 0, 1); // at most the one that was on its way when it was killed
        await RecordedAsync(site);
        foreach (var said in new[] { stopped, done }) Assert.DoesNotContain("sk-not-to-be-shown", said.Output + said.Error, StringComparison.Ordinal);
    }

    static int Twice(StubJudge stub) => stub.Asked.GroupBy(a => a.Body.ToJsonString()).Sum(g => g.Count() - 1);

    // Each set of judgements says what it depends on and what it took.
    static async Task RecordedAsync(Site site)
    {
        var objects = new FolderObjectStore(site.Store);
        var records = (await new StepRecords(objects).ListAsync(Token)).Where(r => r.Step == "CollectJudgements").ToList();
        Assert.True(records.Count >= 2);
        foreach (var record in records)
        {
            var judgements = ArtifactRef.Parse($"{record.Outputs["judgements"]}");
            var report = await new ArtifactStore(objects).ReadJsonAsync<JudgeReport>(judgements, "judge.json", Token);
            var constitution = await new ArtifactStore(objects).ReadFileAsync(judgements, "constitution.md", Token);
            Assert.Equal(("some-model", 0.0, 1L, 0), (report.Model, report.Temperature!.Value, report.Seed!.Value, report.Unmetered!.Value));
            Assert.Equal(report.Constitution, Constitution.Parse("helpful-harmless-honest", System.Text.Encoding.UTF8.GetString(constitution)).Title);
            Assert.Equal((report.InputTokens!.Value * 2m + report.OutputTokens!.Value * 8m) / 1_000_000, report.Cost);
            Assert.True(report.Cost > 0);
        }
    }

    [Fact]
    public async Task A_reward_model_of_an_earlier_round_judges_the_next_and_what_it_learned_from_simulated_labelers_stays_called_so()
    {
        await using var site = finished.Copy();

        var done = await site.RunAsync("round", "--preset", "tiny", "--labeler", "reward-model", "--judge", "reward-model@latest", "--json");

        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Equal((true, 1.0), (done.Json["simulated"]!.GetValue<bool>(), done.Json["judgeShare"]!.GetValue<double>()));
        Assert.InRange(done.Json["report"]!["rewardModel"]!["judgeShare"]!.GetValue<double>(), 0.2, 0.8); // the earlier round's judgements are there too
        Assert.Null(done.Json["report"]!["gold"]);
        Assert.EndsWith("(AI judge, simulated)", done.Json["report"]!["decision"]!["verdict"]!["criteria"]![0]!["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}
