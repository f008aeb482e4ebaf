using System.Text.Json.Nodes;
using Rlhf.Cli.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds that people judge, by file.</summary>
public sealed class PeopleTests(FinishedRound undisturbed)
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_round_waits_for_people_and_goes_on_with_their_answers_to_a_decision_that_is_not_called_simulated()
    {
        await using var site = undisturbed.Prepared();
        string[] round = ["round", "--preset", "tiny", "--labeler", "file", "--gate", site.Gate()];

        var waits = await site.RunAsync([.. round, "--json"]);
        Assert.True(waits.ExitCode == 4, $"{waits.ExitCode}: {waits.Error}");
        var missing = Assert.Single(waits.Json["waits"]!.AsArray())!["missing"]!.GetValue<int>();
        var still = await site.RunAsync(round);
        var questions = await ExportAsync(site, "questions.jsonl");
        await RefusedAsync(site, questions);
        var answers = Answered(site, "answers.jsonl", questions, "ann");
        var (taken, again) = (await AnswerAsync(site, answers), await AnswerAsync(site, answers));
        var second = await site.RunAsync(round);
        var evaluation = await ExportAsync(site, "evaluation.jsonl.gz");
        await AnswerAsync(site, Answered(site, "evaluated.jsonl", evaluation, "bob"));
        var done = await site.RunAsync([.. round, "--json"]);

        Assert.Equal((4, missing), (still.ExitCode, questions.Count));
        Assert.Contains($"{missing} of {missing} judgements are missing", still.Output, StringComparison.Ordinal);
        Assert.Contains($"rlhf judgements export questions.jsonl --store {site.Store}", still.Output, StringComparison.Ordinal);
        Assert.Contains($"rlhf judgements answer answers.jsonl --store {site.Store}", still.Output, StringComparison.Ordinal);
        Assert.All(questions, q => Assert.Equal(["item", "axis", "prompt", "completion_a", "completion_b"], q.Select(f => f.Key)));
        Assert.Equal((questions.Count, 0, 0), (Count(taken, "taken"), Count(taken, "repeated"), Count(taken, "open")));
        Assert.Equal((0, questions.Count, 0), (Count(again, "taken"), Count(again, "repeated"), Count(again, "open")));
        Assert.True(second.ExitCode == 4, second.Error);
        Assert.Contains("collect-evaluation-judgements", second.Output, StringComparison.Ordinal);
        Assert.True(done.ExitCode == 0, done.Error);
        Assert.Contains(done.Json["decision"]!.GetValue<string>(), new[] { "promote", "reject" });
        Assert.False(done.Json["simulated"]!.GetValue<bool>());
        Assert.False(done.Json["report"]!["rewardModel"]!["simulated"]!.GetValue<bool>());
        Assert.Null(done.Json["report"]!["gold"]);
    }

    [Fact]
    public async Task With_two_judgements_each_on_PostgreSQL_the_serving_process_goes_on_by_itself_when_the_second_labeler_is_done()
    {
        await using var site = new Site(PostgresServer.NewDatabase());
        var serve = await site.ServeAsync();
        var waits = await site.RunAsync("round", "--preset", await PresetAsync(site), "--labeler", "file", "--gate", site.Gate(), "--json");
        Assert.True(waits.ExitCode == 4, waits.Error);

        var questions = await ExportAsync(site, "questions.jsonl");
        var ann = await AnswerAsync(site, Answered(site, "ann.jsonl", questions, "ann"));
        var forAnn = await site.RunAsync("judgements", "export", Path.Combine(site.Store, "none.jsonl"), "--labeler", "ann");
        var twice = await AnswerAsync(site, Answered(site, "twice.jsonl", questions, "ann", seconds: 9));
        var bob = await AnswerAsync(site, Answered(site, "bob.jsonl", await ExportAsync(site, "bob-questions.jsonl", "--labeler", "bob"), "bob"));
        await site.UntilAsync("the gate asks", async () => await site.Look.PlaceAsync() == "waiting" && Open(await site.RunAsync("judgements", "export", NewFile(site), "--json")) > 0 ? "" : null);
        var evaluation = await ExportAsync(site, "evaluation.jsonl");
        foreach (var labeler in new[] { "ann", "bob" }) await AnswerAsync(site, Answered(site, $"{labeler}-evaluation.jsonl", evaluation, labeler));
        var instance = waits.Json["instance"]!.GetValue<string>();
        var finished = await site.UntilAsync("the round is done", async () => (await site.Look.InstancesAsync()).Find(i => i.Id == instance && !i.IsOpen));

        Assert.Equal((questions.Count, questions.Count), (Count(ann, "taken"), Count(ann, "open")));
        Assert.Contains("No question is open", forAnn.Output, StringComparison.Ordinal);
        Assert.Equal((0, questions.Count, questions.Count), (Count(twice, "taken"), Count(twice, "selfRepeated"), Count(twice, "open")));
        Assert.Equal((questions.Count, 0), (Count(bob, "taken"), Count(bob, "open")));
        Assert.True(finished.Status == "Finished", $"{serve}");
    }

    // The test preset, with fewer questions.
    static async Task<string> PresetAsync(Site site)
    {
        var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json"), Token))!.AsObject();
        preset["CollectJudgements"] = new JsonObject { ["judgementsPerComparison"] = 2 };
        preset["SelectComparisons"] = new JsonObject { ["budget"] = 120 };
        preset["SampleEvaluation"]!["comparisons"] = 30;
        preset["TrainPolicy"]!["updates"] = 3;
        var file = Path.Combine(site.Store, "preset.json");
        await File.WriteAllTextAsync(file, preset.ToJsonString(), Token);
        return file;
    }

    static async Task<IReadOnlyList<JsonObject>> ExportAsync(Site site, string name, params string[] options)
    {
        var file = Path.Combine(site.Store, name);
        var said = await site.RunAsync(["judgements", "export", file, .. options]);
        Assert.True(said.ExitCode == 0, said.Error);
        await using var stream = File.OpenRead(file);
        using var reader = new StreamReader(name.EndsWith(".gz", StringComparison.Ordinal) ? new System.IO.Compression.GZipStream(stream, System.IO.Compression.CompressionMode.Decompress) : stream);
        return [.. (await reader.ReadToEndAsync(Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.AsObject())];
    }

    // Somebody who likes the longer side, and a tie now and then.
    static string Answered(Site site, string name, IReadOnlyList<JsonObject> questions, string labeler, double seconds = 4.5)
    {
        var file = Path.Combine(site.Store, name);
        File.WriteAllLines(file, questions.Select(question =>
        {
            var (a, b) = (question["completion_a"]!.GetValue<string>().Length, question["completion_b"]!.GetValue<string>().Length);
            var answer = question.DeepClone().AsObject();
            answer["labeler"] = labeler;
            answer["choice"] = a > b + 20 ? "a_much" : a > b ? "a" : a < b ? "b_slight" : "both_bad";
            answer["seconds"] = seconds;
            return answer.ToJsonString();
        }));
        return file;
    }

    static async Task<Said> AnswerAsync(Site site, string file)
    {
        var said = await site.RunAsync("judgements", "answer", file, "--json");
        Assert.True(said.ExitCode == 0, said.Error);
        return said;
    }

    static async Task RefusedAsync(Site site, IReadOnlyList<JsonObject> questions)
    {
        var file = Path.Combine(site.Store, "broken.jsonl");
        var (good, unknown) = (questions[0].DeepClone().AsObject(), new JsonObject { ["item"] = "nothing" });
        foreach (var line in new[] { good, unknown }) (line["labeler"], line["choice"]) = ("ann", "a");
        await File.WriteAllLinesAsync(file, [good.ToJsonString(), unknown.ToJsonString()], Token);

        var said = await site.RunAsync("judgements", "answer", file);

        Assert.Equal((1, "'broken.jsonl', line 2: 'item' is 'nothing'; expected a question of this store (rlhf judgements export writes those that are open)."), (said.ExitCode, said.Error.Trim()));
        var replaced = await site.RunAsync("judgements", "export", file);
        Assert.Equal(2, replaced.ExitCode);
        Assert.Contains("is there already", replaced.Error, StringComparison.Ordinal);
    }

    static string NewFile(Site site) => Path.Combine(site.Store, $"{Guid.NewGuid():N}.jsonl");

    static int Open(Said said) => Count(said, "questions");

    static int Count(Said said, string field) => said.Json[field]!.GetValue<int>();
}
