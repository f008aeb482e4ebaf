using System.Text.Json.Nodes;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>Everything that Elsa Studio 3.8.2 sent to a server of Elsa's, sent to this one.</summary>
public sealed class StudioReplayTests
{
    /// <summary>The recorded server was older than Studio and lacked this route; here it is.</summary>
    const string NewRoute = "/elsa/api/activity-executions/by-id";

    [Fact]
    public async Task Studio_gets_the_same_answers_as_from_elsas_own_server()
    {
        var exchanges = Exchange.OfStudio();
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        var replayer = new Replayer(place);
        await PrepareAsync(place, replayer, exchanges);

        var (differences, left) = (new List<string>(), new List<Exchange>());
        // A box that was only measured anew is no change here: there is no version 2 of this one, and Studio asks for the one that it was given.
        foreach (var exchange in exchanges.Select(e => e.Path.EndsWith("/studio-demo-2/export", StringComparison.Ordinal) ? e with { Query = e.Query.Replace("=2", "=1", StringComparison.Ordinal) } : e))
        {
            if (exchange.IsBlocked || (exchange.Path == NewRoute && exchange.Status == 404)) left.Add(exchange);
            else if (await replayer.PlayAsync(exchange) is { } difference) differences.Add($"{exchange}: {difference}");
        }

        var replayed = exchanges.Count - left.Count;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{exchanges.Count} recorded exchanges: {replayed} replayed, {replayed - differences.Count} agree; {left.Count(e => e.IsBlocked)} were answered by the recording's proxy and {left.Count(e => !e.IsBlocked)} ask a route that the recorded server lacked.");
        Assert.True(differences.Count == 0, $"{differences.Count} of {replayed} differ:{Environment.NewLine}{string.Join(Environment.NewLine, differences)}");
        Assert.Equal(8, left.Count);
    }

    /// <summary>Definitions and instances like those that the recorded server had when the recording began.</summary>
    static async Task PrepareAsync(Place place, Replayer replayer, IReadOnlyList<Exchange> exchanges)
    {
        await place.Runtime.DriveAsync();
        foreach (var (recorded, definition) in FirstVersions(exchanges))
        {
            var earlier = definition["version"]!.GetValue<int>() == 1 ? null : await PublishAsync(place, replayer, With(definition, "Loss", "0.125"));
            replayer.Meet(recorded, await PublishAsync(place, replayer, definition, earlier));
        }
        await PublishAsync(place, replayer, Nightly());
        for (var i = 0; i < 3; i++) await place.EndedAsync(await place.StartAsync("nightly-flow"));
        foreach (var first in exchanges.Where(e => e.Path.StartsWith("/elsa/api/workflow-instances/", StringComparison.Ordinal) && e.Path.Split('/').Length == 5 && e.Method == "GET").DistinctBy(e => e.Path))
        {
            var id = await place.StartAsync($"{first.Json!["definitionId"]}");
            replayer.Meet($"{first.Json["id"]}", id);
            await place.UntilAsync(id, s => s != WorkflowStatus.Running);
            if ($"{first.Json["subStatus"]}" != "Finished") continue;
            await place.Runtime.SendEventAsync("studio-approve", null, id);
            await place.EndedAsync(id);
        }
    }

    // Where a recorded definition was asked for before anything changed it.
    static IEnumerable<(string Id, JsonObject Definition)> FirstVersions(IReadOnlyList<Exchange> exchanges) => exchanges
        .Where(e => e.Path.Contains("/workflow-definitions/by-", StringComparison.Ordinal)).Select(e => e.Json!.AsObject()).DistinctBy(d => $"{d["definitionId"]}").Select(d => ($"{d["id"]}", d));

    static JsonObject With(JsonObject definition, string variable, string value)
    {
        var changed = definition.DeepClone().AsObject();
        changed["variables"]!.AsArray().Single(v => $"{v!["name"]}" == variable)!["value"] = value;
        return changed;
    }

    static async Task<string> PublishAsync(Place place, Replayer replayer, JsonObject definition, string? earlier = null)
    {
        var model = JsonNode.Parse(replayer.Translate(definition.ToJsonString()))!.AsObject();
        foreach (var ofServer in new[] { "id", "links", "version", "createdAt", "isLatest", "isPublished" }) model.Remove(ofServer);
        if (earlier is not null) model["id"] = earlier;
        var saved = await place.SendAsync("POST", "/elsa/api/workflow-definitions", null, new JsonObject { ["model"] = model, ["publish"] = true });
        Assert.True(saved.Status == System.Net.HttpStatusCode.OK, saved.Text);
        return $"{saved.Json["workflowDefinition"]!["id"]}";
    }

    static JsonObject Nightly() => JsonNode.Parse("""
        {
          "definitionId": "nightly-flow", "name": "Nightly flow", "description": "Every night.",
          "root": { "id": "Flowchart1", "type": "Elsa.Flowchart", "version": 1, "activities": [
            { "id": "line", "type": "Elsa.WriteLine", "version": 1, "text": { "typeName": "String", "expression": { "type": "Literal", "value": "night" } } } ], "connections": [] }
        }
        """)!.AsObject();
}
