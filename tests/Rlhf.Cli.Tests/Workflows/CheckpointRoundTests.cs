using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Workflows;

/// <summary>PPO that stops at two checkpoints of its KL grid, where people judge, over a process that is killed while they do.</summary>
public sealed class CheckpointRoundTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Killed_while_people_judge_PPO_goes_on_to_the_weights_of_one_that_never_stopped_and_hands_on_the_checkpoint_that_they_preferred()
    {
        await using var site = new Site();
        var serve = await site.ServeAsync();
        var run = site.Start(
            "run", Path.Combine("workflows", "human-checkpoints-round.json"), "--preset", await PresetAsync(site), "--input", "labeler=file", "--input", "klGrid=1,8", "--json");
        var instance = (await site.UntilAsync("the round is there", async () => (await site.Look.InstancesAsync()).Find(i => i.IsOpen))).Id;

        // Up to the first checkpoint, where nothing runs and nobody holds anything while people think.
        await AnswerAsync(site, instance, untilAsked: "sample-checkpoint");
        Assert.DoesNotContain(await site.Look.JobsAsync(), j => j.IsRunning || j.Owner is not null);
        Assert.True(await serve.KillAsync());
        await AnswerAsync(site, instance, untilAsked: null);
        await site.ServeAsync();
        await AnswerAsync(site, instance, untilAsked: "the end");

        var records = (await RecordsAsync(site)).Where(r => r.Instance == instance).ToList();
        var trained = records.Where(r => r.Step == "TrainPolicy").OrderBy(r => r.StartedAt).ToList();
        Assert.Equal(["Checkpoint", "Checkpoint", "Done"], trained.Select(t => t.Outcome));
        Assert.Equal(trained[^1].Outputs.ToJsonString(), (await ThroughAsync(site, trained[0])).ToJsonString());
        var measured = records.Where(r => r.Step == "MeasureOveroptimization").OrderBy(r => r.StartedAt).Last();
        var known = await new ArtifactStore(new FolderObjectStore(site.Store)).ReadJsonAsync<OveroptimizationReport>(
            ArtifactRef.Parse($"{measured.Outputs["overoptimization"]}"), OveroptimizationReport.File, Token);
        Assert.True(known.Points.Select(p => p.Gold.Value > 0).SequenceEqual([true, false, false]), string.Join(" ", known.Points));
        Assert.Equal($"{trained[0].Outputs["policy"]}", $"{records.Single(r => r.Step == "ReportRound").Inputs["challenger"]}");
        Assert.All(known.Points, p => Assert.False(p.Simulated));
        Assert.True((await run.EndAsync()).ExitCode is 0 or 4);
    }

    /// <summary>The same training without a grid.</summary>
    static async Task<JsonNode> ThroughAsync(Site site, StepRecord first)
    {
        var values = new JsonObject();
        foreach (var (name, value) in first.Inputs.Concat(first.Hparams).Where(v => v.Key is not ("klGrid" or "training"))) values[name] = value?.DeepClone();
        var file = Path.Combine(site.Store, "train.json");
        await File.WriteAllTextAsync(file, values.ToJsonString(), Token);
        var said = await site.RunAsync("steps", "run", "TrainPolicy", "--input", file, "--json");
        Assert.True(said.ExitCode == 0, said.Error);
        Assert.Equal("Done", $"{said.Json["outcome"]}");
        return said.Json["outputs"]!;
    }

    /// <summary>Answers what is asked, until the instance asks about what that activity made, or is at its end; without one, what is asked now.</summary>
    static async Task AnswerAsync(Site site, string instance, string? untilAsked)
    {
        for (var round = 0; ; round++)
        {
            if (untilAsked is not null) await site.UntilAsync("the round waits, or has ended", async () => await site.Look.PlaceAsync() is "waiting" or "after the end" ? "" : null);
            var questions = await QuestionsAsync(site);
            var asked = (await RecordsAsync(site)).Any(r => r.Instance == instance && r.Activity == untilAsked);
            if (untilAsked is not (null or "the end") && asked && questions.Count > 0) return;
            if (questions.Count > 0)
            {
                var file = Path.Combine(site.Store, $"answers-{Guid.NewGuid():N}.jsonl");
                var preferred = await PreferredAsync(site);
                await File.WriteAllLinesAsync(file, questions.Select(q => Answered(q, preferred)), Token);
                var said = await site.RunAsync("judgements", "answer", file, "--json");
                Assert.True(said.ExitCode == 0, said.Error);
            }
            if (untilAsked is null) return;
            foreach (var name in questions.Count > 0 ? [] : new[] { "checkpoint.reward-model", "checkpoint.policy" })
                await site.RunAsync("events", "send", name, "--instance", instance, "--payload", """{"answer":"Continue"}""");
            if ((await site.Look.InstancesAsync()).Find(i => i.Id == instance) is { IsOpen: false } ended)
            {
                Assert.Equal("Finished", ended.Status);
                return;
            }
            Assert.True(round < 200, "The round does not come to its end.");
            await Task.Delay(300, Token);
        }
    }

    static async Task<IReadOnlyList<JsonObject>> QuestionsAsync(Site site)
    {
        var file = Path.Combine(site.Store, $"questions-{Guid.NewGuid():N}.jsonl");
        var said = await site.RunAsync("judgements", "export", file);
        Assert.True(said.ExitCode == 0, said.Error);
        return File.Exists(file) ? [.. (await File.ReadAllLinesAsync(file, Token)).Select(l => JsonNode.Parse(l)!.AsObject())] : [];
    }

    /// <summary>By both sides, in either order, the one that people prefer: at the first checkpoint mostly its own, at later ones mostly the starting policy's.</summary>
    static async Task<IReadOnlyDictionary<(string, string), string>> PreferredAsync(Site site)
    {
        var preferred = new Dictionary<(string, string), string>();
        foreach (var (place, record) in (await RecordsAsync(site)).Where(r => r.Step == "SampleCheckpoint").OrderBy(r => r.StartedAt).Index())
        {
            var (policy, comparisons) = (ArtifactRef.Parse($"{record.Inputs["policy"]}"), ArtifactRef.Parse($"{record.Outputs["comparisons"]}"));
            foreach (var (i, c) in (await new ArtifactStore(new FolderObjectStore(site.Store)).ReadLinesAsync<Comparison>(comparisons, "comparisons.jsonl", Token)).Index())
            {
                var (own, other) = c.A.Source == policy ? (c.A.Text, c.B.Text) : (c.B.Text, c.A.Text);
                preferred[(own, other)] = preferred[(other, own)] = place == 0 != (i % 4 == 0) ? own : other;
            }
        }
        return preferred;
    }

    static string Answered(JsonObject question, IReadOnlyDictionary<(string, string), string> preferred)
    {
        var (a, b) = ($"{question["completion_a"]}", $"{question["completion_b"]}");
        var answer = question.DeepClone().AsObject();
        answer["labeler"] = "ann";
        answer["choice"] = (preferred.TryGetValue((a, b), out var side) ? side == a : a.Length >= b.Length) ? "a" : "b";
        return answer.ToJsonString();
    }

    static Task<IReadOnlyList<StepRecord>> RecordsAsync(Site site) => new StepRecords(new FolderObjectStore(site.Store)).ListAsync(Token);

    // The test preset with fewer questions, and with people's word alone to stop PPO.
    static async Task<string> PresetAsync(Site site)
    {
        var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json"), Token))!.AsObject();
        preset["SelectComparisons"] = new JsonObject { ["budget"] = 120 };
        preset["SampleEvaluation"]!["comparisons"] = 30;
        preset["SampleCheckpoint"] = new JsonObject { ["samples"] = 40, ["judged"] = 24, ["maxNewTokens"] = 48, ["slots"] = 40 };
        preset["MeasureOveroptimization"] = new JsonObject { ["stopAtPrediction"] = false, ["stopAtFall"] = false, ["mostHiddenDistance"] = 1000, ["mostAccuracyLoss"] = 1, ["mostCalibrationLoss"] = 1 };
        var file = Path.Combine(site.Store, "preset.json");
        await File.WriteAllTextAsync(file, preset.ToJsonString(), Token);
        return file;
    }
}
