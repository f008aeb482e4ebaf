using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Cli.Tests.Support;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Cli.Tests.Labeling;

/// <summary>Rounds whose labelers do not agree, and questions whose answer is known.</summary>
public sealed partial class DisputesTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex Address();

    [Fact]
    public async Task A_round_waits_for_an_operators_decision_and_goes_on_by_itself_when_the_last_one_is_made()
    {
        await using var site = new Site();
        var serve = site.Start("serve", "--urls", "http://127.0.0.1:0");
        await serve.UntilItSaysAsync("Driving");
        using var client = new HttpClient { BaseAddress = new($"{Address().Match(serve.Error).Groups[1].Value}/api/labeling/") };
        var waits = await site.RunAsync("round", "--preset", await PresetAsync(site), "--labeler", "file", "--gate", site.Gate(), "--json");
        Assert.True(waits.ExitCode == 4, waits.Error);
        var instance = waits.Json["instance"]!.GetValue<string>();

        // Those of training, and then those of the gate.
        var decided = new List<string>();
        for (var pass = 0; pass < 2; pass++)
        {
            await site.UntilAsync("questions are open", async () => await site.Look.PlaceAsync() == "waiting" && await AnswerAsync(site) ? "" : null);
            var disputed = JsonNode.Parse(await client.GetStringAsync("disputed", Token))!.AsArray();
            Assert.NotEmpty(disputed);
            foreach (var dispute in disputed)
            {
                Assert.Equal(["ann a", "bob b"], dispute!["answers"]!.AsArray().Select(a => $"{a!["labeler"]} {a["choice"]}"));
                var said = await client.PostAsJsonAsync("decisions", new JsonObject { ["item"] = $"{dispute["item"]}", ["choice"] = "b_much" }, Token);
                Assert.True(said.IsSuccessStatusCode, await said.Content.ReadAsStringAsync(Token));
                decided.Add($"{dispute["item"]}");
            }
        }
        var finished = await site.UntilAsync("the round is done", async () => (await site.Look.InstancesAsync()).Find(i => i.Id == instance && !i.IsOpen));

        Assert.True(finished.Status == "Finished", $"{serve}");
        var objects = new FolderObjectStore(site.Store);
        var records = await new StepRecords(objects).ListAsync(Token);
        async Task<List<T>> ReadAsync<T>(string activity, string output, string file) => await new ArtifactStore(objects)
            .ReadLinesAsync<T>(ArtifactRef.Parse($"{records.Single(r => r.Activity == activity).Outputs[output]}"), file, Token);
        var judgements = await ReadAsync<Judgement>("collect-judgements", "judgements", "judgements.jsonl");
        var adjudicated = judgements.Where(j => j.Adjudicated).Select(j => j.ComparisonId).ToHashSet();
        var pairs = (await ReadAsync<PreferencePair>("build-preferences", "preferences", "pairs.jsonl")).Where(p => adjudicated.Contains(p.ComparisonId)).ToList();
        Assert.NotEmpty(adjudicated);
        Assert.Equal(adjudicated.Count, pairs.Count);
        Assert.All(pairs, p => Assert.Equal((1.0, 1.0), (p.Probability, p.Margin)));
        var labelers = await site.RunAsync("judgements", "labelers", "--json");
        Assert.Equal(0, labelers.Json["disputed"]!.GetValue<int>());
        Assert.Equal(decided.Count, labelers.Json["labelers"]!.AsArray().Single(l => $"{l!["labeler"]}" == Environment.UserName)!["answered"]!.GetValue<int>());
    }

    [Fact]
    public async Task Known_answers_are_taken_from_a_file_with_one_answer_each_and_nothing_else()
    {
        await using var site = new Site();
        var file = Path.Combine(site.Store, "gold.jsonl");
        string[] lines =
        [
            """{"item":"g1","prompt":"How many legs has a spider?","completion_a":"Eight.","completion_b":"Six.","labeler":"us","choice":"a_much"}""",
            """{"item":"g2","axis":"safety","prompt":"P","completion_a":"x","completion_b":"y","labeler":"us","choice":"tie"}""",
        ];
        await File.WriteAllLinesAsync(file, lines, Token);
        var taken = await site.RunAsync("judgements", "gold", file, "--json");
        var empty = await site.RunAsync("judgements", "labelers");
        await File.WriteAllLinesAsync(file, [.. lines, lines[0].Replace("a_much", "b", StringComparison.Ordinal)], Token);
        var several = await site.RunAsync("judgements", "gold", file);
        await File.WriteAllLinesAsync(file, [], Token);
        var none = await site.RunAsync("judgements", "gold", file);

        Assert.Equal((0, 2, "preference safety"), (taken.ExitCode, taken.Json["questions"]!.GetValue<int>(), string.Join(' ', taken.Json["axes"]!.AsArray().Select(a => $"{a}"))));
        Assert.Contains("0 questions are open", empty.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, several.ExitCode);
        Assert.Contains("'gold.jsonl', line 3: item 'g1' has another answer in line 1; expected one known answer of each item.", several.Error, StringComparison.Ordinal);
        Assert.Contains("has no judgement; expected at least one question whose answer is known.", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_only_people_at_the_desk_can_be_asked_for_is_refused_of_other_labelers()
    {
        await using var site = new Site();

        var said = await site.RunAsync("round", "--preset", await PresetAsync(site), "--labeler", "simulated");

        Assert.Equal(1, said.ExitCode);
        Assert.Contains("which labeler 'simulated' knows nothing of; expected none of them, or labeler 'file'.", said.Error, StringComparison.Ordinal);
    }

    static async Task<string> PresetAsync(Site site)
    {
        var preset = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Support.Rlhf.Root, "workflows", "presets", "tiny.json"), Token))!.AsObject();
        preset["CollectJudgements"] = new JsonObject { ["judgementsPerComparison"] = 2, ["adjudicate"] = true };
        preset["SelectComparisons"] = new JsonObject { ["budget"] = 120 };
        preset["SampleEvaluation"]!["comparisons"] = 30;
        preset["TrainPolicy"]!["updates"] = 3;
        var file = Path.Combine(site.Store, "preset.json");
        await File.WriteAllTextAsync(file, preset.ToJsonString(), Token);
        return file;
    }

    /// <summary>Two people who agree on all open questions but every tenth; false where none is open.</summary>
    static async Task<bool> AnswerAsync(Site site)
    {
        var folder = Directory.CreateDirectory(Path.Combine(site.Store, $"{Guid.NewGuid()}")).FullName;
        var (questions, answers) = (Path.Combine(folder, "questions.jsonl"), Path.Combine(folder, "answers.jsonl"));
        await site.RunAsync("judgements", "export", questions);
        if (!File.Exists(questions)) return false;
        var lines = await File.ReadAllLinesAsync(questions, Token);
        string Line(string question, string labeler, string choice)
        {
            var line = JsonNode.Parse(question)!.AsObject();
            (line["labeler"], line["choice"]) = (labeler, choice);
            return line.ToJsonString();
        }
        await File.WriteAllLinesAsync(answers, lines.SelectMany((line, i) => new[] { Line(line, "ann", i % 2 == 0 ? "a" : "b"), Line(line, "bob", i % 10 == 0 ? "b" : i % 2 == 0 ? "a" : "b") }), Token);
        var said = await site.RunAsync("judgements", "answer", answers, "--json");
        Assert.True(said.ExitCode == 0, said.Error);
        return true;
    }
}
