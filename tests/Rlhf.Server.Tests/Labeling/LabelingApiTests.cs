using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Data;

namespace Rlhf.Server.Tests.Labeling;

/// <summary>Questions are handed out, answered, taken back; each place of a question once.</summary>
public sealed class LabelingApiTests
{
    static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-01-01T00:00:00Z");

    static async Task<IReadOnlyList<JsonObject>> NextAsync(Place place, string key, int count = 3)
    {
        var reply = await place.PostAsync("assignments", key, new JsonObject { ["count"] = count });
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return [.. reply.Json["assignments"]!.AsArray().Select(a => a!.AsObject())];
    }

    static JsonObject Answer(Place place, string labeler, JsonObject assignment, string choice = "a", string key = "key-00000001") => new()
    {
        ["key"] = key,
        ["labeler"] = labeler,
        ["item"] = assignment["item"]!.GetValue<string>(),
        ["choice"] = choice,
        ["seconds"] = 2.5,
        ["guidelines"] = place.Guidelines().Version.Version,
    };

    static string Fate(Reply reply) => reply.Status == HttpStatusCode.OK ? reply.Json["fate"]!.GetValue<string>() : reply.Text;

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task An_answer_is_kept_once_on_the_questions_own_sides_and_nothing_says_who_wrote_them(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync(questions: 5);
        var ann = await place.KeyAsync("ann");
        var (all, again) = (await NextAsync(place, ann, 5), await NextAsync(place, ann, 5));

        for (var i = 0; i < 5; i++)
        {
            var body = Answer(place, "ann", all[i], "a_much", $"key-0000000{i}");
            var replies = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => place.PostAsync("answers", ann, body)));
            Assert.All(replies, r => Assert.Equal("counted", Fate(r)));
        }
        var other = await place.PostAsync("answers", ann, Answer(place, "ann", all[1], key: "key-00000000"));

        Assert.All(all, a => Assert.Equal(["item", "axis", "prompt", "a", "b", "leasedUntil"], a.Select(f => f.Key)));
        Assert.Equal(all.Select(a => $"{a["item"]} {a["a"]}"), again.Select(a => $"{a["item"]} {a["a"]}"));
        Assert.Equal(HttpStatusCode.Conflict, other.Status);
        var (judgements, missing) = await place.Runtime.Desk.ProgressAsync("r", default);
        Assert.Equal((5, 0), (judgements.Count, missing));
        foreach (var (assignment, judgement) in all.Zip(judgements))
        {
            var side = assignment["a"]!.GetValue<string>().StartsWith('x') ? Side.A : Side.B;
            Assert.Equal((side, side, 3, 2.5), (judgement.Side, judgement.ShownFirst!.Value, judgement.Strength, judgement.Seconds!.Value));
        }
        Assert.Equal(2, judgements.Select(j => j.Side).Distinct().Count());
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task What_one_holds_no_other_gets_until_the_lease_is_over_and_a_late_answer_is_kept(Kind kind)
    {
        var time = new FakeTimeProvider(Now);
        await using var place = await Place.OpenAsync(kind, time);
        await place.AskAsync(questions: 2);
        var (ann, bob) = (await place.KeyAsync("ann"), await place.KeyAsync("bob"));
        var held = await NextAsync(place, ann);
        var meanwhile = await NextAsync(place, bob);
        time.Advance(TimeSpan.FromMinutes(10));
        var freed = await NextAsync(place, bob);
        var none = await NextAsync(place, ann);

        var first = await place.PostAsync("answers", bob, Answer(place, "bob", freed[0]));
        var late = await place.PostAsync("answers", ann, Answer(place, "ann", held[0]));

        Assert.Equal((2, 0, 2, 0), (held.Count, meanwhile.Count, freed.Count, none.Count));
        Assert.Equal(("counted", "surplus"), (Fate(first), Fate(late)));
        Assert.Equal("bob", Assert.Single((await place.Runtime.Desk.ProgressAsync("r", default)).Judgements).Labeler);
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Many_who_ask_at_once_never_hold_more_than_there_are_places(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync(questions: 10, each: 2);
        var keys = new List<string>();
        for (var i = 0; i < 8; i++) keys.Add(await place.KeyAsync($"labeler-{i}"));

        var held = await Task.WhenAll(keys.Select(key => Task.Run(() => NextAsync(place, key, 5))));

        var items = held.SelectMany(h => h).CountBy(a => a["item"]!.GetValue<string>()).ToList();
        Assert.Equal(20, items.Sum(i => i.Value));
        Assert.All(items, i => Assert.Equal(2, i.Value));
        Assert.All(held, h => Assert.Equal(h.Count, h.Select(a => $"{a["item"]}").Distinct().Count()));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task The_last_answer_can_be_taken_back_until_its_request_is_complete(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync(questions: 2);
        var ann = await place.KeyAsync("ann");
        var held = await NextAsync(place, ann);
        var (one, two) = (Answer(place, "ann", held[0], "a", "key-one-1"), Answer(place, "ann", held[0], "b_much", "key-two-2"));
        Task<Reply> Undo(string key) => place.PostAsync("undo", ann, new JsonObject { ["answer"] = key });
        await place.PostAsync("answers", ann, one);

        var undone = await Task.WhenAll(Undo("key-one-1"), Undo("key-one-1"));
        var replayed = await place.PostAsync("answers", ann, one);
        var missing = (await place.Runtime.Desk.ProgressAsync("r", default)).Missing;
        await place.PostAsync("answers", ann, two);
        var notLast = await Undo("key-none-0");
        await place.PostAsync("answers", ann, Answer(place, "ann", held[1], "tie", "key-three-3"));
        var tooLate = await Undo("key-three-3");

        Assert.All(undone, u => Assert.Equal($"{held[0]["item"]} {held[0]["a"]}", $"{u.Json["assignment"]!["item"]} {u.Json["assignment"]!["a"]}"));
        Assert.Equal(("undone", 2), (Fate(replayed), missing));
        Assert.Equal(HttpStatusCode.BadRequest, notLast.Status);
        Assert.Equal((HttpStatusCode.Conflict, true), (tooLate.Status, tooLate.Error.Contains("can no longer be taken back", StringComparison.Ordinal)));
        var judgements = (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements;
        Assert.Equal([3, 0], judgements.Select(j => j.Strength));
    }

    [Fact]
    public async Task An_answer_that_is_taken_back_leaves_its_place_to_others()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync(questions: 1, each: 2);
        var (ann, bob, cem) = (await place.KeyAsync("ann"), await place.KeyAsync("bob"), await place.KeyAsync("cem"));
        var (forAnn, forBob) = ((await NextAsync(place, ann))[0], (await NextAsync(place, bob))[0]);
        await place.PostAsync("answers", ann, Answer(place, "ann", forAnn));
        await place.PostAsync("undo", ann, new JsonObject { ["answer"] = "key-00000001" });
        await place.PostAsync("answers", bob, Answer(place, "bob", forBob));

        var full = await NextAsync(place, cem);
        var skipped = await place.PostAsync("skips", ann, new JsonObject { ["key"] = "skip-0001", ["labeler"] = "ann", ["item"] = $"{forAnn["item"]}", ["text"] = "I know too little about this" });
        var (free, notAgain) = (await NextAsync(place, cem), await NextAsync(place, ann));
        var done = await place.PostAsync("answers", cem, Answer(place, "cem", free[0]));

        Assert.Equal((0, HttpStatusCode.OK, 0, "counted"), (full.Count, skipped.Status, notAgain.Count, Fate(done)));
        Assert.Equal(["bob", "cem"], (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Select(j => j.Labeler).Order(StringComparer.Ordinal));
    }

    [Theory, InlineData(Kind.Sqlite), InlineData(Kind.Postgres)]
    public async Task Guidelines_are_read_before_the_first_question_and_again_when_they_change(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind);
        await place.AskAsync();
        var ann = await place.KeyAsync("ann");
        var before = (await NextAsync(place, ann))[0];
        var early = Answer(place, "ann", before);
        await File.AppendAllTextAsync(place.GuidelinesFile, "\n## Something new\n\nBe kind.\n");

        var changed = await place.PostAsync("assignments", ann, new JsonObject { ["count"] = 3 });
        var withOld = await place.PostAsync("answers", ann, early);
        var unread = await place.PostAsync("answers", ann, Answer(place, "ann", before, key: "key-00000002"));
        var version = changed.Json["guidelines"]![0]!["version"]!.GetValue<string>();
        var wrong = await place.PostAsync("acknowledgements", ann, new JsonObject { ["axis"] = "preference", ["version"] = early["guidelines"]!.GetValue<string>() });
        var right = await place.PostAsync("acknowledgements", ann, new JsonObject { ["axis"] = "preference", ["version"] = version });
        await place.ReadGuidelinesAsync("ann");
        var after = await NextAsync(place, ann);

        Assert.Empty(changed.Json["assignments"]!.AsArray());
        Assert.False(changed.Json["guidelines"]![0]!["acknowledged"]!.GetValue<bool>());
        Assert.Equal("counted", Fate(withOld));
        Assert.Equal(HttpStatusCode.Conflict, unread.Status);
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.OK, 2), (wrong.Status, right.Status, after.Count));
        Assert.NotEqual(early["guidelines"]!.GetValue<string>(), version);
        Assert.Equal(early["guidelines"]!.GetValue<string>(), (await place.Runtime.Desk.ProgressAsync("r", default)).Judgements.Single().Guidelines);
    }

    [Fact]
    public async Task Flags_are_counted_by_section_and_the_question_stays()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var ann = await place.KeyAsync("ann");
        var item = (await NextAsync(place, ann))[0]["item"]!.GetValue<string>();
        JsonObject Flag(string key) => new() { ["key"] = key, ["labeler"] = "ann", ["item"] = item, ["section"] = "When goals conflict", ["text"] = "<b>what?</b>" };

        foreach (var key in new[] { "flag-0001", "flag-0001", "flag-0002" }) Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("flags", ann, Flag(key))).Status);

        var flag = Assert.Single((await place.Runtime.Queue.SummaryAsync(default)).Flags);
        Assert.Equal(("When goals conflict", 2), (flag.Section, flag.Flags));
        Assert.Equal(item, (await NextAsync(place, ann))[0]["item"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("choice", "better", "'choice' is 'better'; expected a_much")]
    [InlineData("key", "1", "'key' is '1'; expected 8 to 100")]
    [InlineData("labeler", "bob", "'labeler' is 'bob', and ann is signed in")]
    [InlineData("item", "nothing", "'item' is 'nothing'; expected a question of this store")]
    [InlineData("unknown", "x", "'unknown' is not known here")]
    public async Task A_body_that_is_wrong_is_refused_by_field_value_and_what_was_expected(string field, string value, string sentence)
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var ann = await place.KeyAsync("ann");
        var body = Answer(place, "ann", (await NextAsync(place, ann))[0]);
        body[field] = value;

        var reply = await place.PostAsync("answers", ann, body);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains(sentence, reply.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_never_given_to_a_labeler_is_not_taken_from_that_labeler()
    {
        await using var place = await Place.OpenAsync();
        await place.AskAsync();
        var (ann, bob) = (await place.KeyAsync("ann"), await place.KeyAsync("bob"));
        var held = await NextAsync(place, ann);

        var reply = await place.PostAsync("answers", bob, Answer(place, "bob", held[0]));

        Assert.Equal((HttpStatusCode.BadRequest, true), (reply.Status, reply.Error.Contains("was not given to bob", StringComparison.Ordinal)));
    }
}
