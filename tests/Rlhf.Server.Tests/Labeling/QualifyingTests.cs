using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Tests.Labeling;

/// <summary>Nobody gets a question before the guidelines' examples were answered as the guidelines do.</summary>
public sealed class QualifyingTests
{
    static async Task<string> ReaderAsync(Place place, string name = "ann", string axis = "preference")
    {
        var key = await place.Runtime.Credentials.CreateKeyAsync(name, Rlhf.Runtime.Access.Role.Labeler, null, null, default);
        await place.Runtime.Queue.AcknowledgeAsync(name, axis, place.Guidelines(axis).Version.Version, default);
        return key;
    }

    static async Task<JsonObject> ExamplesAsync(Place place, string key)
    {
        var reply = await place.SendAsync("GET", $"/api/labeling/examples?axis=preference&version={place.Guidelines().Version.Version}", key);
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return reply.Json;
    }

    /// <summary>Answers, right where the example's number is named, for the sides as they were shown.</summary>
    static JsonObject Said(Place place, JsonObject shown, params int[] right) => new()
    {
        ["axis"] = "preference",
        ["version"] = place.Guidelines().Version.Version,
        ["try"] = shown["try"]!.GetValue<int>(),
        ["choices"] = new JsonArray([.. place.Guidelines().Examples.Index().Select(e =>
        {
            var choice = right.Contains(e.Index) ? e.Item.Verdict : Enum.GetValues<Choice>().First(c => !e.Item.IsRight(c));
            var isTurned = $"{shown["examples"]![e.Index]!["a"]}" != e.Item.A;
            return JsonValue.Create((isTurned ? choice.Swapped() : choice).Text());
        })]),
    };

    static async Task<int> QuestionsAsync(Place place, string key) =>
        (await place.PostAsync("assignments", key, new JsonObject { ["count"] = 3 })).Json["assignments"]!.AsArray().Count;

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_labeler_tries_until_two_of_three_examples_are_right_and_stays_qualified_for_that_version(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync();
        var ann = await ReaderAsync(place);
        var shown = await ExamplesAsync(place, ann);
        var before = await QuestionsAsync(place, ann);
        var failing = Said(place, shown, 0);

        var failed = await Task.WhenAll(place.PostAsync("qualifications", ann, failing), place.PostAsync("qualifications", ann, failing));
        var between = await QuestionsAsync(place, ann);
        var again = await ExamplesAsync(place, ann);
        var passed = await place.PostAsync("qualifications", ann, Said(place, again, 1, 2));
        var replayed = await place.PostAsync("qualifications", ann, Said(place, shown, 0, 1, 2));
        var further = await place.PostAsync("qualifications", ann, Said(place, new JsonObject { ["try"] = 3, ["examples"] = again["examples"]!.DeepClone() }, 0));
        await place.StopAsync();
        await place.StartAsync();
        var after = await QuestionsAsync(place, ann);
        var standing = Assert.Single((await place.Runtime.Queue.SummaryAsync(default)).Qualifications);
        await File.AppendAllTextAsync(place.GuidelinesFile, "\n## Something new\n\nBe kind.\n");
        await place.Runtime.Queue.AcknowledgeAsync("ann", "preference", place.Guidelines().Version.Version, default);
        var anew = await QuestionsAsync(place, ann);

        Assert.Equal((0, 0, 3, 0), (before, between, after, anew));
        Assert.All(failed, f => Assert.Equal((1, 3, 2, false), (f.Json["right"]!.GetValue<int>(), f.Json["of"]!.GetValue<int>(), f.Json["needed"]!.GetValue<int>(), f.Json["qualified"]!.GetValue<bool>())));
        Assert.Equal(["Instructions that were not followed", "Two good ones"], failed[0].Json["wrong"]!.AsArray().Select(w => $"{w!["title"]}"));
        Assert.Equal("B better. Both are true; only B is one sentence.", $"{failed[0].Json["wrong"]![0]!["reason"]}");
        Assert.Equal((2, true), (again["try"]!.GetValue<int>(), passed.Json["qualified"]!.GetValue<bool>()));
        Assert.Equal((1, false), (replayed.Json["right"]!.GetValue<int>(), replayed.Json["qualified"]!.GetValue<bool>()));
        Assert.Equal(HttpStatusCode.Conflict, further.Status);
        Assert.Equal(("ann", "preference", 2, true), (standing.Labeler, standing.Axis, standing.Tries, standing.IsQualified));
        Assert.DoesNotContain("B is longer", shown.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(["prompt", "a", "b"], shown["examples"]![0]!.AsObject().Select(f => f.Key));
    }

    [Fact]
    public async Task Sides_of_examples_are_drawn_for_each_labeler_and_try_and_stay_while_the_try_is_open()
    {
        await using var place = await Place.OpenAsync();
        var firsts = new List<string>();
        foreach (var name in Enumerable.Range(1, 12).Select(i => $"labeler-{i}"))
        {
            var key = await ReaderAsync(place, name);
            var (one, two) = (await ExamplesAsync(place, key), await ExamplesAsync(place, key));
            Assert.Equal(one.ToJsonString(), two.ToJsonString());
            firsts.Add($"{one["examples"]![0]!["a"]}");
        }

        Assert.Equal(2, firsts.Distinct().Count());
    }

    [Fact]
    public async Task Who_holds_a_question_from_before_answers_only_once_qualified_and_who_has_not_read_cannot_try()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var bob = await place.Runtime.Credentials.CreateKeyAsync("bob", Rlhf.Runtime.Access.Role.Labeler, null, null, default);
        var unread = await place.PostAsync("qualifications", bob, Said(place, await ExamplesAsync(place, bob), 0, 1, 2));
        var held = Assert.Single(await place.Runtime.Queue.AssignAsync("bob", 1, new[] { "preference" }, default));
        await place.Runtime.Queue.AcknowledgeAsync("bob", "preference", place.Guidelines().Version.Version, default);

        var answer = await place.PostAsync("answers", bob, new JsonObject
        {
            ["key"] = "key-00000001",
            ["labeler"] = "bob",
            ["item"] = held.Item,
            ["choice"] = "a",
            ["guidelines"] = place.Guidelines().Version.Version,
        });

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (unread.Status, answer.Status));
        Assert.Contains("bob has not acknowledged version", unread.Error, StringComparison.Ordinal);
        Assert.Equal("bob has not qualified on the examples of the guidelines for axis 'preference'; expected that before the first answer.", answer.Error);
    }

    [Fact]
    public async Task Guidelines_without_examples_that_can_be_asked_need_no_qualification()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        await File.WriteAllTextAsync(place.GuidelinesFile, "# Choose\n\n## Worked examples\n\n### An end that is cut off\n\nThe finished one is better.\n");
        var ann = await ReaderAsync(place);

        Assert.Equal(3, await QuestionsAsync(place, ann));
        Assert.Empty((await place.Runtime.Queue.SummaryAsync(default)).Qualifications);
    }

    [Fact]
    public async Task Guidelines_with_a_broken_example_ask_nobody_and_say_what_is_wrong()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var ann = await place.KeyAsync("ann");
        await File.WriteAllTextAsync(place.GuidelinesFile, "# Choose\n\n## Worked examples\n\n### One\n\n> P\n\n- A: x\n- B: y\n\n**A wins.**\n");

        var reply = await place.PostAsync("assignments", ann, new JsonObject { ["count"] = 3 });
        var overview = await place.SendAsync("GET", "/", await place.KeyAsync("vera", Rlhf.Runtime.Access.Role.Viewer));

        Assert.Equal(HttpStatusCode.Conflict, reply.Status);
        Assert.StartsWith("The guidelines have to be mended: 'preference.md', line 12: the worked example 'One' has the verdict '**A wins.**'; expected one that begins with", reply.Error, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, overview.Status);
    }

    [Theory]
    [InlineData("version", "0", "The guidelines are version")]
    [InlineData("axis", "other", "Axis 'other' has no guidelines")]
    [InlineData("try", 4, "'try' is 4; expected 1")]
    [InlineData("choices", "a_much", "'choices' has 1 answers; expected 3")]
    [InlineData("choices", "best", "'choices' has 'best'; expected a_much")]
    public async Task A_try_that_is_wrong_is_refused_and_counts_nothing(string field, object value, string sentence)
    {
        await using var place = await Place.OpenAsync();
        var ann = await ReaderAsync(place);
        var body = Said(place, await ExamplesAsync(place, ann), 0, 1, 2);
        body[field] = field == "choices" ? new JsonArray(JsonValue.Create((string)value)) : value is int number ? JsonValue.Create(number) : JsonValue.Create((string)value);

        var reply = await place.PostAsync("qualifications", ann, body);

        Assert.Contains(sentence, reply.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await ExamplesAsync(place, ann))["try"]!.GetValue<int>());
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task A_question_of_safety_needs_a_word_on_each_side_which_stays_with_the_questions_own_sides(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync(questions: 4, axis: "safety");
        await place.AskAsync("p", questions: 1);
        var ann = await place.KeyAsync("ann");
        var held = (await place.PostAsync("assignments", ann, new JsonObject { ["count"] = 5 })).Json["assignments"]!.AsArray();
        JsonObject Answer(JsonNode question, string? a, string? b, int i) => new()
        {
            ["key"] = $"key-0000000{i}",
            ["labeler"] = "ann",
            ["item"] = $"{question["item"]}",
            ["choice"] = "a",
            ["safeA"] = a,
            ["safeB"] = b,
            ["guidelines"] = $"{question["axis"]}" == "preference" ? place.Guidelines().Version.Version : null,
        };

        var without = await place.PostAsync("answers", ann, Answer(held[0]!, "safe", null, 0));
        var unknown = await place.PostAsync("answers", ann, Answer(held[0]!, "safe", "harmless", 0));
        var elsewhere = await place.PostAsync("answers", ann, Answer(held.Single(q => $"{q!["axis"]}" == "preference")!, "safe", null, 0));
        foreach (var (question, i) in held.Where(q => $"{q!["axis"]}" == "safety").Select((q, i) => (q!, i)))
        {
            var isFirst = $"{question["a"]}".StartsWith('x');
            Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("answers", ann, Answer(question, isFirst ? "unsafe" : "unsure", isFirst ? "unsure" : "unsafe", i))).Status);
        }

        Assert.Equal("'safeB' is missing; expected safe, unsafe, unsure for both sides of a question of the axis 'safety'.", without.Error);
        Assert.Equal("'safeB' is 'harmless'; expected safe, unsafe, unsure.", unknown.Error);
        Assert.Equal("'safeA' was not asked on the axis 'preference'; expected it on 'safety' alone.", elsewhere.Error);
        var judgements = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements;
        Assert.Equal(4, judgements.Count);
        Assert.Equal(2, judgements.Select(j => j.ShownFirst).Distinct().Count());
        Assert.All(judgements, j => Assert.Equal((Safety.Unsafe, Safety.Unsure), (j.SafeA!.Value, j.SafeB!.Value)));
    }
}
