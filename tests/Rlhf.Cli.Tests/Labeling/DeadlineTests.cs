using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds that do not wait for people for ever.</summary>
public sealed class DeadlineTests(FinishedRound undisturbed)
{
    // Long enough for half of the answers.
    const double Hours = 20.0 / 3600;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_round_whose_people_are_late_turns_to_another_labeler_by_itself_says_so_and_comes_to_a_decision()
    {
        await using var receiver = await StubReceiver.StartAsync();
        await using var site = undisturbed.Prepared();
        site.Environment["RLHF_WEBHOOK_URL"] = $"{receiver.Address}";
        site.Environment["RLHF_WEBHOOK_SECRET"] = StubReceiver.Secret;
        site.Environment["RLHF_WEBHOOK_HOSTS"] = "127.0.0.1";
        site.Environment["RLHF_WEBHOOK_PRIVATE"] = "true";
        site.Environment["RLHF_PUBLIC_URL"] = "https://labeling.example";
        var serve = await site.ServeAsync();

        var waits = await site.RunAsync("round", "--preset", await PresetAsync(site), "--labeler", "file", "--gate", site.Gate(), "--json");
        var asked = waits.Json["waits"]![0]!;
        var answered = await AnswerHalfAsync(site);
        var instance = waits.Json["instance"]!.GetValue<string>();
        var finished = await site.UntilAsync("the round is done", async () => (await site.Look.InstancesAsync()).Find(i => i.Id == instance && !i.IsOpen));

        Assert.True(waits.ExitCode == 4, waits.Error);
        Assert.Contains("'simulated' is asked for them", asked["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(finished.Status == "Finished", $"{serve}");
        var judgements = await JudgementsAsync(site);
        Assert.Equal(asked["missing"]!.GetValue<int>(), judgements.Count);
        Assert.Equal(answered["taken"]!.GetValue<int>(), judgements.Count(j => j.Labeler == "ann"));
        Assert.Equal(judgements.Count(j => j.Labeler != "ann"), judgements.Count(j => j.Simulated));
        Assert.All(receiver.Requests, r => Assert.True(StubReceiver.IsSigned(r)));
        // The comparisons of training first, those of the gate after them.
        // How the round ended is told too, and not what is looked at here.
        var told = receiver.Requests.Select(r => JsonNode.Parse(r.Body)!).Where(t => $"{t["type"]}".StartsWith("judgements.", StringComparison.Ordinal)).ToList();
        Assert.Equal(["judgements.deadline", "judgements.escalated", "judgements.deadline", "judgements.escalated"], told.Select(t => (string?)t["type"]));
        Assert.All(told, t => Assert.Equal(
            (instance, "rlhf-round", "file", "https://labeling.example/"),
            ((string?)t["data"]!["instance"], (string?)t["data"]!["workflow"], (string?)t["data"]!["labeler"], (string?)t["data"]!["link"])));
        Assert.All(receiver.Requests, r => Assert.DoesNotContain("prompt", Encoding.UTF8.GetString(r.Body), StringComparison.Ordinal));
        Assert.Equal(receiver.Requests.Count, receiver.Requests.Select(r => r.Id).Distinct().Count());
    }

    [Fact]
    public async Task With_too_few_judgements_the_round_fails_with_both_numbers_and_a_retry_waits_for_people_anew()
    {
        await using var site = undisturbed.Prepared();
        string[] round = ["round", "--preset", await PresetAsync(site, new JsonObject { ["deadlineHours"] = 6.0 / 3600, ["leastShare"] = 0.5 }), "--labeler", "file", "--gate", site.Gate()];

        var waits = await site.RunAsync(round);
        var said = waits;
        for (var i = 0; i < 60 && said.ExitCode == 4; i++) said = await site.RunAsync(round);
        var instance = (await site.Look.InstancesAsync()).Single().Id;
        var again = await site.RunAsync("instances", "retry", instance, "--json");

        Assert.Equal((4, 1), (waits.ExitCode, said.ExitCode));
        Assert.Matches(@"0 of 120 judgements came by .*Z, the deadline of 'file'; expected at least 60 \('leastShare' 0\.5\)", said.Error);
        Assert.True(again.ExitCode == 4, again.Error);
        Assert.Equal(120, again.Json["waits"]![0]!["missing"]!.GetValue<int>());
    }

    [Fact]
    public async Task The_doctor_sends_a_test_where_it_is_asked_to()
    {
        await using var receiver = await StubReceiver.StartAsync();
        await using var site = new Site();

        var none = await site.RunAsync("doctor");
        site.Environment["RLHF_WEBHOOK_URL"] = $"{receiver.Address}";
        site.Environment["RLHF_WEBHOOK_SECRET"] = StubReceiver.Secret;
        site.Environment["RLHF_WEBHOOK_HOSTS"] = "127.0.0.1";
        var quiet = await site.RunAsync("doctor");
        var refused = await site.RunAsync("doctor", "--webhook");
        var before = receiver.Requests.Count;
        site.Environment["RLHF_WEBHOOK_PRIVATE"] = "true";
        var sent = await site.RunAsync("doctor", "--webhook");

        Assert.Contains("not configured (RLHF_WEBHOOK_URL)", none.Output, StringComparison.Ordinal);
        Assert.Contains("not called (--webhook sends a test)", quiet.Output, StringComparison.Ordinal);
        Assert.Equal((1, 0), (refused.ExitCode, before));
        Assert.Contains("RLHF_WEBHOOK_PRIVATE=true", refused.Output, StringComparison.Ordinal);
        Assert.True(sent.ExitCode == 0, sent.Output);
        Assert.Contains("127.0.0.1: took a signed test", sent.Output, StringComparison.Ordinal);
        Assert.True(StubReceiver.IsSigned(Assert.Single(receiver.Requests)));
    }

    [Fact]
    public async Task A_webhook_that_is_not_on_the_list_is_wrong_usage()
    {
        await using var site = new Site();
        site.Environment["RLHF_WEBHOOK_URL"] = "https://hooks.example/secret";
        site.Environment["RLHF_WEBHOOK_SECRET"] = StubReceiver.Secret;

        var said = await site.RunAsync("instances", "list");

        Assert.Equal((2, "RLHF_WEBHOOK_URL is at 'hooks.example', which RLHF_WEBHOOK_HOSTS ('') does not name; expected it among the hosts that may be called."), (said.ExitCode, said.Error.Trim()));
    }

    // The test preset with fewer questions, for people who may be late.
    static async Task<string> PresetAsync(Site site, JsonObject? collect = null)
    {
        var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json"), Token))!.AsObject();
        preset["CollectJudgements"] = collect ?? new JsonObject { ["deadlineHours"] = Hours, ["escalateTo"] = "simulated", ["simulatedLateShare"] = 0 };
        preset["SelectComparisons"] = new JsonObject { ["budget"] = 120 };
        preset["SampleEvaluation"]!["comparisons"] = 30;
        preset["TrainPolicy"]!["updates"] = 3;
        var file = Path.Combine(site.Store, "preset.json");
        await File.WriteAllTextAsync(file, preset.ToJsonString(), Token);
        return file;
    }

    static async Task<JsonNode> AnswerHalfAsync(Site site)
    {
        var (questions, answers) = (Path.Combine(site.Store, "questions.jsonl"), Path.Combine(site.Store, "answers.jsonl"));
        await site.RunAsync("judgements", "export", questions);
        var lines = (await File.ReadAllLinesAsync(questions, Token)).Select(l => JsonNode.Parse(l)!.AsObject()).ToList();
        await File.WriteAllLinesAsync(answers, lines.Take(lines.Count / 2).Select((line, i) =>
        {
            (line["labeler"], line["choice"]) = ("ann", i % 2 == 0 ? "a" : "b");
            return line.ToJsonString();
        }), Token);
        var said = await site.RunAsync("judgements", "answer", answers, "--json");
        Assert.True(said.ExitCode == 0, said.Error);
        return said.Json;
    }

    /// <summary>Those of the comparisons for training.</summary>
    static async Task<IReadOnlyList<Judgement>> JudgementsAsync(Site site)
    {
        var objects = new FolderObjectStore(site.Store);
        var record = (await new StepRecords(objects).ListAsync(Token)).Single(r => r.Activity == "collect-judgements");
        return await new ArtifactStore(objects).ReadLinesAsync<Judgement>(ArtifactRef.Parse($"{record.Outputs["judgements"]}"), "judgements.jsonl", Token);
    }
}
