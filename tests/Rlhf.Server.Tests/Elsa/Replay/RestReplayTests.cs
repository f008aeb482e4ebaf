using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Runtime.Library;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa.Replay;

/// <summary>What programs sent to a server of Elsa's about instances and descriptors, sent to this one.</summary>
public sealed class RestReplayTests
{
    /// <summary>In this order: the first exchanges make what the later ones are about.</summary>
    static readonly string[] Names =
    [
        "desc-activities", "desc-activity-one", "desc-commit-strategies-activities", "desc-commit-strategies-workflows", "desc-expression-descriptors", "desc-incident-strategies",
        "desc-log-persistence-strategies", "desc-storage-drivers", "desc-variables", "desc-workflow-activation-strategies", "features-installed", "features-missing", "features-one",
        "identity-login-bad", "identity-refresh-token", "js-types", "package-version", "resilience-strategies",
        "wd-execute", "ae-summaries", "wi-journal", "wi-list-get", "wi-list-post", "wd-execute-faulted", "wi-get", "wi-execution-state", "wi-variables", "ae-list", "ae-get", "ae-count", "ae-report",
        "wd-dispatch", "wd-execute-missing", "event-trigger", "wi-cancel-bulk", "alterations-workflows-retry", "wi-delete", "wi-get-missing", "wi-get-missing-state",
    ];

    /// <summary>Where this server answers otherwise, and why.</summary>
    static readonly Dictionary<string, string> Otherwise = new()
    {
        ["desc-activity-options"] = "asks about Elsa.HttpEndpoint, which this runtime does not run",
        ["tests-activity"] = "an activity alone cannot be tried",
        ["wd-execute-continue-incidents"] = "an instance in which nothing else can happen is faulted here, not suspended for ever",
        ["wi-export"] = "the file has no references ($id) between its values",
    };

    [Fact]
    public async Task Programs_get_the_same_answers_as_from_elsas_own_server()
    {
        var exchanges = Names.Select(Exchange.Of).ToList();
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var replayer = new Replayer(place, await place.KeyAsync("olga", Role.Operator));
        foreach (var definition in new[] { Training(), Failing("flaky") }) await PublishAsync(place, definition);

        var differences = new List<string>();
        foreach (var exchange in exchanges)
        {
            if (await replayer.PlayAsync(exchange) is { } difference) differences.Add($"{exchange}: {difference}");
            if (exchange.Label == "wd-execute") await FinishAsync(place, "train-flow");
            if (exchange.Label == "wd-execute") await FailAsync(place, $"{JsonNode.Parse(exchange.Body)!["correlationId"]}");
            if (exchange.Label == "wd-execute-faulted") await place.UntilAsync((await place.Runtime.ListAsync(new() { DefinitionId = "flaky" }))[0].Id, s => s == WorkflowStatus.Faulted);
            if (exchange.Label == "alterations-workflows-retry") await FinishAsync(place, "flaky");
        }

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{exchanges.Count} recorded exchanges of programs about instances and descriptors: {exchanges.Count - differences.Count} agree; {Otherwise.Count} more are answered otherwise here ({string.Join("; ", Otherwise.Select(o => $"{o.Key}: {o.Value}"))}).");
        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
    }

    [Fact]
    public async Task What_is_answered_otherwise_is_answered_plainly()
    {
        var (options, tried, exported) = (Exchange.Of("desc-activity-options"), Exchange.Of("tests-activity"), Exchange.Of("wi-export"));
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await PublishAsync(place, Training());
        var id = await place.StartAsync("train-flow", new() { ["JobId"] = "J1" });

        var unknown = await place.SendAsync(options.Method, options.Path, null, JsonNode.Parse(options.Body));
        var refused = await place.SendAsync(tried.Method, tried.Path, null, JsonNode.Parse(tried.Body));
        var file = await place.SendAsync("GET", $"/elsa/api/workflow-instances/{id}/export");

        Assert.Equal((404, ""), ((int)unknown.Status, unknown.Text));
        Assert.Equal(400, (int)refused.Status);
        Assert.Contains("no activity alone", $"{refused.Json["errors"]!["generalErrors"]![0]}", StringComparison.Ordinal);
        Assert.Equal(exported.Status, (int)file.Status);
        Assert.Equal(JsonNode.Parse(exported.Answer)!.AsObject().Select(m => m.Key), file.Json.Select(m => m.Key));
    }

    [Fact]
    public void A_field_that_is_missing_or_of_another_type_is_a_difference()
    {
        var recorded = JsonNode.Parse("""{ "items": [{ "name": "a", "version": 1, "tags": ["x"], "note": null }], "count": 1 }""");
        string? Against(string ours) => Likeness.Difference(recorded, JsonNode.Parse(ours), "/elsa/api/workflow-instances");

        Assert.Null(Against("""{ "items": [{ "name": "b", "version": 2 }, { "name": "a", "version": 7, "tags": ["y", "z"] }], "count": 9 }"""));
        Assert.Equal("$.count is missing", Against("""{ "items": [{ "name": "a", "version": 7, "tags": ["y"] }] }"""));
        Assert.Equal("$.items[0].version is String, not Number", Against("""{ "items": [{ "name": "a", "version": "7", "tags": ["y"] }], "count": 9 }"""));
        Assert.Equal("$.items[0].tags[0] is missing", Against("""{ "items": [{ "name": "a", "version": 7, "tags": [] }], "count": 9 }"""));
        Assert.Equal("$.items[0] (name a) is missing", Against("""{ "items": [{ "name": "b" }], "count": 9 }"""));
    }

    static async Task FailAsync(Place place, string correlation)
    {
        var id = await place.Runtime.StartVersionAsync("train-flow", VersionOptions.Published, new() { ["JobId"] = StudioSteps.Bad }, label: new(CorrelationId: correlation));
        await place.UntilAsync(id!, s => s == WorkflowStatus.Faulted);
    }

    static async Task FinishAsync(Place place, string definition)
    {
        var id = (await place.Runtime.ListAsync(new() { DefinitionId = definition }))[0].Id;
        if (definition == "train-flow") await place.Runtime.SendEventAsync("job-done", null, id);
        await place.EndedAsync(id);
    }

    static async Task PublishAsync(Place place, JsonObject definition)
    {
        Directory.CreateDirectory(place.Workflows);
        var file = Path.Combine(place.Workflows, $"{definition["definitionId"]}.json");
        await File.WriteAllTextAsync(file, definition.ToJsonString());
        await place.Runtime.PublishAsync(file);
    }

    /// <summary>The recorded definition with what this runtime runs: steps for its activities, JavaScript for C#, an end without outcomes.</summary>
    static JsonObject Training()
    {
        var file = Path.Combine(Place.Repository, "..", "shared", "elsa", "train-flow.export.json");
        if (!File.Exists(file)) Assert.Skip("Elsa's recording train-flow.export.json is not beside the repository.");
        var flow = JsonNode.Parse(File.ReadAllText(file).Replace("Acme.", "Rlhf.", StringComparison.Ordinal))!.AsObject();
        var activities = flow["root"]!["activities"]!.AsArray();
        activities.Single(a => $"{a!["id"]}" == "out1")!["outputValue"]!["expression"] = new JsonObject { ["type"] = "JavaScript", ["value"] = "getRes() + '!'" };
        var end = activities.Single(a => $"{a!["id"]}" == "end1")!.AsObject();
        end["type"] = "Elsa.End";
        end.Remove("outcomes");
        flow.Remove("outcomes");
        return flow;
    }

    static JsonObject Failing(string id) => JsonNode.Parse($$"""
        {
          "definitionId": "{{id}}", "name": "{{id}}",
          "root": { "id": "Flowchart1", "type": "Elsa.Flowchart", "version": 1, "activities": [
            { "id": "pre", "type": "Elsa.WriteLine", "version": 1, "text": { "typeName": "String", "expression": { "type": "Literal", "value": "pre" } } },
            { "id": "f1", "type": "Rlhf.Flaky", "version": 1 } ],
            "connections": [{ "source": { "activity": "pre", "port": "Done" }, "target": { "activity": "f1", "port": "In" } }] }
        }
        """)!.AsObject();
}
