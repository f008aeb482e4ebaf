using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Workflows;

/// <summary>The other workflow files, each run for real to its end on the test preset.</summary>
public sealed class WorkflowRunTests(FinishedRound finished)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    static string File(string name) => Path.Combine("workflows", $"{name}.json");

    static Task<IReadOnlyList<StepRecord>> RecordsAsync(Site site) => new StepRecords(new FolderObjectStore(site.Store)).ListAsync(Token);

    static Task<T> ReadAsync<T>(Site site, JsonNode? artifact, string file) => new ArtifactStore(new FolderObjectStore(site.Store)).ReadJsonAsync<T>(ArtifactRef.Parse($"{artifact}"), file, Token);

    [Fact]
    public async Task A_refresh_after_a_round_learns_from_new_comparisons_of_the_champion_and_hands_the_reward_model_on()
    {
        await using var site = finished.Copy();

        var said = await site.RunAsync("run", File("refresh-reward-model"), "--preset", "tiny", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        var (before, outputs) = (finished.Said.Json["report"]!, said.Json["outputs"]!);
        var refresh = await ReadAsync<RefreshReport>(site, outputs["refresh"], "refresh.json");
        Assert.Equal((2, $"{before["rewardModelRef"]}"), (refresh.Round, $"{refresh.EarlierRewardModel}"));
        Assert.NotEqual(refresh.EarlierRewardModel, refresh.RewardModelRef);
        // Both are measured on the same held-out pairs, those of both rounds.
        Assert.Equal(refresh.RewardModel.Pairs, refresh.Before!.Pairs);
        Assert.True(refresh.RewardModel.Pairs > (int)before["rewardModel"]!["pairs"]!);
        Assert.Equal((refresh.RewardModel.Accuracy, refresh.Before.Accuracy), ((double)outputs["accuracy"]!, (double)outputs["earlierAccuracy"]!));
        var aliases = new Aliases(new FolderObjectStore(site.Store));
        var campaign = (await RecordsAsync(site)).First(r => r.Step == "StartRound").Outputs["campaign"]!.GetValue<string>();
        Assert.Equal(refresh.RewardModelRef, (await aliases.CurrentAsync(Aliases.RewardModel(campaign), Token))!.Artifact);
        Assert.Equal(refresh.Preferences, (await aliases.CurrentAsync(Aliases.Preferences(campaign), Token))!.Artifact);
        Assert.Equal(refresh.Champion, (await aliases.CurrentAsync(Aliases.Champion(campaign), Token))!.Artifact);
        Assert.Single((await RecordsAsync(site)), r => r.Step == "TrainPolicy"); // the round's
    }

    [Fact]
    public async Task A_round_whose_reward_model_is_hopeless_stops_before_PPO_and_hands_on_what_was_judged()
    {
        await using var site = Site.CopyOf(finished.Store);
        var preset = JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json")))!;
        // Ten deviations, which no reward model is worth.
        preset["ProbeRewardModel"] = new JsonObject { ["leastGain"] = 10 };
        var file = Path.Combine(site.Store, "hopeless.json");
        System.IO.File.WriteAllText(file, preset.ToJsonString());

        var said = await site.RunAsync("round", "--preset", file, "--probe", "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal("Stop", $"{said.Json["outputs"]!["outcome"]}");
        Assert.Contains("that is not for certain more than 10.", said.Error, StringComparison.Ordinal);
        var records = await RecordsAsync(site);
        Assert.Single(records, r => r.Step == "TrainPolicy"); // the finished round's
        var kept = Assert.Single(records, r => r.Step == "ReportRefresh");
        var campaign = $"{kept.Inputs["campaign"]}";
        Assert.Equal($"{kept.Inputs["preferences"]}", $"{(await new Aliases(new FolderObjectStore(site.Store)).CurrentAsync(Aliases.Preferences(campaign), Token))!.Artifact}");
    }

    [Fact]
    public async Task An_AI_judge_and_people_are_compared_and_where_they_agree_the_round_goes_on()
    {
        await using var site = finished.Prepared();
        await using var stub = await StubJudge.StartAsync();
        Configure(site, stub);

        var said = await site.RunAsync("run", File("ai-feedback-round"), "--preset", Preset(site, leastAgreement: 0.1), "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        var outputs = said.Json["outputs"]!;
        var check = await ReadAsync<AgreementCheck>(site, outputs["agreement"], "agreement.json");
        Assert.Contains($"{outputs["outcome"]}", new[] { "Promote", "Reject" });
        Assert.Equal(check.Agreement, (double)outputs["agreementShare"]!);
        Assert.True(check is { Checked: 30, Simulated: true, Agreement: >= 0.1 } && check.Lower < check.Agreement && check.Agreement < check.Upper);
        Assert.All(check.FirstLabelers, l => Assert.Contains("some-model", l, StringComparison.Ordinal));
        Assert.All(check.SecondLabelers, l => Assert.StartsWith("simulated-", l, StringComparison.Ordinal));
        var report = said.Json["report"]!;
        Assert.InRange((double)report["rewardModel"]!["judgeShare"]!, 0.5, 0.99); // the judge taught it, and people a little
        Assert.True((bool)report["rewardModel"]!["simulated"]!);
        Assert.Null((double?)report["decision"]!["verdict"]!["judgeShare"]); // people alone decided
        Assert.NotEmpty(stub.Asked);
    }

    [Fact]
    public async Task A_judge_that_people_do_not_agree_with_teaches_nothing()
    {
        await using var site = finished.Prepared();
        await using var stub = await StubJudge.StartAsync();
        Configure(site, stub);

        var said = await site.RunAsync("run", File("ai-feedback-round"), "--preset", Preset(site, leastAgreement: 1), "--json");

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal("Stop", $"{said.Json["outputs"]!["outcome"]}");
        Assert.InRange((double)said.Json["outputs"]!["agreementShare"]!, 0, 0.99);
        Assert.DoesNotContain(await RecordsAsync(site), r => r.Step is "TrainRewardModel" or "BuildPreferences");
    }

    static void Configure(Site site, StubJudge stub)
    {
        site.Environment["RLHF_JUDGE_URL"] = stub.Address;
        site.Environment["RLHF_JUDGE_MODEL"] = "some-model";
    }

    static string Preset(Site site, double leastAgreement)
    {
        var preset = JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json")))!;
        preset["CompareJudgements"] = new JsonObject { ["leastAgreement"] = leastAgreement };
        var file = Path.Combine(site.Store, "preset.json");
        System.IO.File.WriteAllText(file, preset.ToJsonString());
        return file;
    }

    [Fact]
    public async Task Two_axes_have_a_reward_model_each_and_the_next_round_goes_on_with_both()
    {
        await using var site = finished.Prepared();

        var first = await site.RunAsync("run", File("two-reward-models-round"), "--preset", "tiny", "--json");
        var second = await site.RunAsync("run", File("two-reward-models-round"), "--preset", "tiny", "--json");

        Assert.True(first.ExitCode == 0, first.Error);
        Assert.True(second.ExitCode == 0, second.Error);
        var records = await RecordsAsync(site);
        foreach (var said in new[] { first, second })
        {
            var report = said.Json["report"]!;
            var mine = records.Where(r => r.Instance == $"{said.Json["instance"]}").ToList();
            var trained = mine.Single(r => r.Step == "TrainPolicy").Inputs;
            Assert.Equal(($"{report["rewardModelRef"]}", $"{report["second"]!["rewardModelRef"]}"), ($"{trained["rewardModel"]}", $"{trained["safetyRewardModel"]}"));
            Assert.Equal("safety", $"{report["second"]!["axis"]}");
            foreach (var axis in new[] { "helpfulness", "safety" })
            {
                var comparisons = mine.Single(r => r.Activity == $"select-{axis}").Outputs["comparisons"];
                var asked = await new ArtifactStore(new FolderObjectStore(site.Store)).ReadLinesAsync<Comparison>(ArtifactRef.Parse($"{comparisons}"), "comparisons.jsonl", Token);
                Assert.All(asked, c => Assert.Equal(axis, c.Axis));
            }
        }
        var built = records.Where(r => r.Instance == $"{second.Json["instance"]}" && r.Step == "BuildPreferences").ToDictionary(r => r.Activity, r => $"{r.Inputs["earlier"]}");
        Assert.Equal(($"{first.Json["report"]!["preferences"]}", $"{first.Json["report"]!["second"]!["preferences"]}"), (built["build-helpfulness"], built["build-safety"]));
    }

    [Fact]
    public async Task A_round_with_checkpoints_waits_for_people_and_goes_on_as_they_say()
    {
        await using var site = finished.Prepared();
        var run = site.Start("run", File("human-checkpoints-round"), "--preset", "tiny", "--input", "klGrid=1,8", "--json");
        var instance = (await site.UntilAsync("it waits", async () => (await site.Look.InstancesAsync()).Find(i => i.Status == "Suspended"))).Id;

        await AnswerAsync(site, instance, "checkpoint.reward-model", "Continue");
        await site.UntilAsync("PPO is at its first checkpoint and it waits", () => WaitsAfterAsync(site, parts: 1));
        await AnswerAsync(site, instance, "checkpoint.policy", "Continue");
        await site.UntilAsync("PPO is at its second checkpoint and it waits", () => WaitsAfterAsync(site, parts: 2));
        await AnswerAsync(site, instance, "checkpoint.policy", "Evaluate");
        var said = await run.EndAsync();

        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Contains($"{said.Json["outputs"]!["outcome"]}", new[] { "Promote", "Reject" });
        foreach (var name in new[] { "checkpoint.reward-model", "checkpoint.policy" }) Assert.Contains($"waits for the event '{name}'", said.Error, StringComparison.Ordinal);
        var parts = (await RecordsAsync(site)).Where(r => r.Step == "TrainPolicy").OrderBy(r => r.StartedAt).ToList();
        Assert.Equal(($"{parts[0].Outputs["training"]}", $"{parts[0].Inputs["policy"]}"), ($"{parts[1].Inputs["training"]}", $"{parts[1].Inputs["policy"]}"));
        var report = said.Json["report"]!;
        Assert.Equal($"{parts[0].Inputs["policy"]}", $"{report["champion"]}");
        Assert.Contains($"{report["challenger"]}", parts.Select(p => $"{p.Outputs["policy"]}"));
        Assert.StartsWith("overoptimization/", $"{report["overoptimization"]}", StringComparison.Ordinal);
    }

    static async Task<string?> WaitsAfterAsync(Site site, int parts) =>
        (await RecordsAsync(site)).Count(r => r.Step == "MeasureOveroptimization") == parts && (await site.Look.InstancesAsync()).Any(i => i.Status == "Suspended") ? "" : null;

    static async Task AnswerAsync(Site site, string instance, string name, string answer)
    {
        var said = await site.RunAsync("events", "send", name, "--instance", instance, "--payload", new JsonObject { ["answer"] = answer }.ToJsonString(), "--json");
        Assert.True(said.ExitCode == 0, said.Error);
    }
}
