using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Studio;

/// <summary>A person's word on the page of an instance that waits for it.</summary>
public sealed class CheckpointTests
{
    [Fact]
    public async Task The_choices_are_the_outcomes_that_follow_and_the_answer_leads_there_with_who_gave_it()
    {
        await using var place = await WaitingAsync();
        var (opal, vera) = (await place.KeyAsync("opal", Role.Operator), await place.KeyAsync("vera", Role.Viewer));
        var instance = await StartAsync(place);

        var page = await place.SendAsync("GET", $"/studio/instances/{instance}", opal);
        var seen = await place.SendAsync("GET", $"/studio/instances/{instance}", vera);
        var wrong = await AnswerAsync(place, opal, instance, "Perhaps");
        var refused = await AnswerAsync(place, vera, instance, "Continue");
        var answered = await AnswerAsync(place, opal, instance, "Continue", "KL is low.");
        await place.EndedAsync(instance);
        var late = await AnswerAsync(place, opal, instance, "Stop");

        Assert.Contains("waits for a person&#x27;s word (checkpoint.policy)", page.Text, StringComparison.Ordinal);
        Assert.Contains("value=\"Stop\">Stop</button>", page.Text, StringComparison.Ordinal);
        Assert.Contains("value=\"Continue\">Continue</button>", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("/answers\"", seen.Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Forbidden), (wrong.Status, refused.Status));
        Assert.Contains("expected Stop or Continue", wrong.Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.SeeOther, HttpStatusCode.Conflict), (answered.Status, late.Status));
        var log = await place.Runtime.LogAsync(instance);
        Assert.Contains(log, l => l.Activity == "continued" && l.Event == LogEvent.Completed);
        Assert.DoesNotContain(log, l => l.Activity == "stopped");
        var payload = (await place.Runtime.EventsAsync(instance)).OfType<EventReceived>().Single().Payload!;
        Assert.Equal(("Continue", "opal", "KL is low."), ($"{payload["answer"]}", $"{payload["by"]}", $"{payload["comment"]}"));
    }

    [Fact]
    public async Task Of_two_who_answer_the_same_checkpoint_one_is_refused_and_the_next_checkpoint_still_waits()
    {
        await using var place = await WaitingAsync();
        var opal = await place.KeyAsync("opal", Role.Operator);
        var instance = await StartAsync(place);
        // Neither of the choices: the flow waits again, as another execution of the same activity.
        await place.Runtime.AnswerAsync(instance, "checkpoint", new JsonObject { ["answer"] = "later" });
        await UntilItSaysAsync(place, opal, instance, "checkpoint#2");

        var first = await AnswerAsync(place, opal, instance, "Stop", execution: "checkpoint");
        var state = (await place.Runtime.FindAsync(instance))!.Status;
        var replies = await Task.WhenAll(AnswerAsync(place, opal, instance, "Continue", execution: "checkpoint#2"), AnswerAsync(place, opal, instance, "Stop", execution: "checkpoint#2"));
        await place.EndedAsync(instance);

        Assert.Equal((HttpStatusCode.Conflict, WorkflowStatus.Suspended), (first.Status, state));
        Assert.Equal([HttpStatusCode.SeeOther, HttpStatusCode.Conflict], replies.Select(r => r.Status).Order());
        Assert.Single(await place.Runtime.LogAsync(instance), l => l.Activity is "stopped" or "continued" && l.Event == LogEvent.Completed);
    }

    [Fact]
    public async Task Where_no_choice_follows_any_word_is_taken()
    {
        await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        await StudioPagesTests.AddAsync(place, "plain", SomeFlow.Wait("data.ready"), SomeFlow.Line("bye"));
        await place.Runtime.DriveAsync();
        var instance = await StudioPagesTests.StartAsync(place, "plain");
        await place.UntilAsync(instance, s => s == WorkflowStatus.Suspended);

        var page = await place.SendAsync("GET", $"/studio/instances/{instance}");
        var answered = await AnswerAsync(place, null, instance, "version 7", execution: "wait");
        await place.EndedAsync(instance);

        Assert.Contains("aria-label=\"Answer to data.ready\"", page.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.SeeOther, answered.Status);
        Assert.Equal("version 7", $"{(await place.Runtime.EventsAsync(instance)).OfType<EventReceived>().Single().Payload!["answer"]}");
    }

    [Fact]
    public async Task The_two_checkpoints_of_the_products_workflow_have_their_choices()
    {
        var definition = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Place.ProductWorkflows, "human-checkpoints-round.json")))!;
        var activities = definition["root"]!["activities"]!.AsArray();
        // The workflow's own activities between its steps, which need models: first the event, then its switch.
        foreach (var (checkpoint, choose) in new[] { ("checkpoint-reward-model", "answer-reward-model"), ("checkpoint-policy", "answer-policy") })
        {
            var choices = activities.Single(a => $"{a!["id"]}" == choose)!["cases"]!.AsArray().Select(c => $"{c!["label"]}").ToList();
            await using var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
            var part = definition.DeepClone().AsObject();
            (part["definitionId"], part["inputs"], part["outputs"]) = ("part", new JsonArray(), new JsonArray());
            part["root"]!["activities"] = new JsonArray([.. activities.Where(a => $"{a!["id"]}" == checkpoint || $"{a["id"]}" == choose).Select(a => a!.DeepClone())]);
            part["root"]!["connections"] = new JsonArray([.. definition["root"]!["connections"]!.AsArray().Where(c => $"{c!["source"]!["activity"]}" == checkpoint).Select(c => c!.DeepClone())]);
            Directory.CreateDirectory(place.Workflows);
            await File.WriteAllTextAsync(Path.Combine(place.Workflows, "part.json"), part.ToJsonString());
            await place.Runtime.Library.LookAsync();
            await place.Runtime.DriveAsync();
            var instance = await StudioPagesTests.StartAsync(place, "part");
            await place.UntilAsync(instance, s => s == WorkflowStatus.Suspended);

            var page = await place.SendAsync("GET", $"/studio/instances/{instance}");

            Assert.True(choices.Count > 1 && choices.Contains("Stop"), string.Join(", ", choices));
            Assert.Equal(choices, System.Text.RegularExpressions.Regex.Matches(page.Text, "name=\"answer\" value=\"(\\w+)\"").Select(m => m.Groups[1].Value));
        }
    }

    static async Task<Place> WaitingAsync()
    {
        var place = await Place.OpenAsync(change: StudioPagesTests.WithStudio);
        Directory.CreateDirectory(place.Workflows);
        await File.WriteAllTextAsync(Path.Combine(place.Workflows, "asks.json"), SomeFlow.WithCheckpoint("asks"));
        await place.Runtime.Library.LookAsync();
        await place.Runtime.DriveAsync();
        return place;
    }

    static async Task<string> StartAsync(Place place)
    {
        var instance = await StudioPagesTests.StartAsync(place, "asks");
        await place.UntilAsync(instance, s => s == WorkflowStatus.Suspended);
        return instance;
    }

    static async Task UntilItSaysAsync(Place place, string key, string instance, string words)
    {
        var last = "";
        for (var looks = 0; looks < 600; looks++, await Task.Delay(50))
        {
            last = (await place.SendAsync("GET", $"/studio/instances/{instance}/standing", key)).Text;
            if (last.Contains(words, StringComparison.Ordinal)) return;
        }
        throw new TimeoutException($"The page of {instance} does not say '{words}': {last}");
    }

    static Task<Reply> AnswerAsync(Place place, string? key, string instance, string answer, string? comment = null, string execution = "checkpoint") =>
        place.SendAsync("POST", $"/studio/instances/{instance}/answers", key, null, r => r.Content = new FormUrlEncodedContent(
            new Dictionary<string, string> { ["execution"] = execution, ["answer"] = answer, ["comment"] = comment ?? "" }));
}
