using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Interpreter;
using Rlhf.Server.Tests.Elsa.Replay;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Instances over HTTP, in Elsa's shapes.</summary>
public sealed class InstanceTests
{
    const string Api = "/elsa/api", Path = $"{Api}/workflow-instances";

    [Theory]
    [InlineData(Kind.Sqlite)]
    [InlineData(Kind.Postgres)]
    public async Task Filters_and_pages_find_what_they_name_with_how_many_there_are(Kind kind)
    {
        await using var place = await Place.OpenAsync(kind, steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var finished = await place.StartAsync(await Flows.LineAsync(place));
        var suspended = (await StartAsync(place, await Flows.WaitAsync(place), new() { ["correlationId"] = "Order-7" })).Instance;
        var faulted = await place.StartAsync(await Flows.FailAsync(place));
        await place.UntilAsync(faulted, s => s == WorkflowStatus.Faulted);
        var cancelled = await place.StartAsync("waits");
        await place.Runtime.CancelAsync(cancelled);

        Task<IReadOnlyList<string>> Found(JsonObject body) => FoundAsync(place, "POST", Path, body);
        Task<IReadOnlyList<string>> Asked(string query) => FoundAsync(place, "GET", $"{Path}?{query}", null);

        Assert.Equal([cancelled, faulted, suspended, finished], await Found([]));
        Assert.Equal([finished, suspended, faulted, cancelled], await Found(new() { ["orderBy"] = "Created", ["orderDirection"] = "Ascending", ["status"] = null, ["timestampFilters"] = new JsonArray() }));
        Assert.Equal([cancelled, faulted, finished], await Found(new() { ["status"] = "Finished" }));
        Assert.Equal([suspended], await Asked("status=Running&subStatus=Suspended"));
        Assert.Equal([], await Asked("status=Running&subStatus=Faulted"));
        Assert.Equal([cancelled, faulted], await Found(new() { ["subStatuses"] = new JsonArray("Faulted", "Cancelled") }));
        Assert.Equal([faulted], await Asked("hasIncidents=True"));
        Assert.Equal([suspended], await Asked("correlationId=Order-7"));
        Assert.Equal([suspended], await Asked("searchTerm=order"));
        Assert.Equal([cancelled, suspended], await Asked("definitionIds=waits&definitionIds=other"));
        Assert.Equal([], await Asked("version=2"));
        Assert.Equal([], await Asked("isSystem=true"));
        var since = (await place.Runtime.FindAsync(faulted))!.CreatedAt;
        Assert.Equal([cancelled], await Found(new() { ["timestampFilters"] = new JsonArray(new JsonObject { ["column"] = "CreatedAt", ["operator"] = "GreaterThan", ["timestamp"] = since.ToString("O") }) }));
        Assert.Equal([finished], (await Found(new() { ["orderBy"] = "Finished", ["orderDirection"] = "Ascending", ["statuses"] = new JsonArray("Finished"), ["pageSize"] = 1 })));
        var page = (await place.SendAsync("GET", $"{Path}?page=1&pageSize=3")).Json;
        Assert.Equal((4, finished), (page["totalCount"]!.GetValue<int>(), $"{page["items"]!.AsArray().Single()!["id"]}"));
        var item = (await place.SendAsync("GET", $"{Path}?subStatus=Faulted")).Json["items"]![0]!;
        Assert.Equal(("Finished", "Faulted", 1, "fails:1"), ($"{item["status"]}", $"{item["subStatus"]}", item["incidentCount"]!.GetValue<int>(), $"{item["definitionVersionId"]}"));
    }

    [Fact]
    public async Task A_waiting_instance_tells_what_it_waits_for_and_a_failed_one_why_and_a_retry_goes_on()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var (id, started) = await StartAsync(place, await Flows.WaitAndFailAsync(place), []);
        var bookmark = started["workflowState"]!["bookmarks"]!.AsArray().Single()!;

        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("POST", $"{Api}/events/go/trigger", body: new JsonObject { ["workflowInstanceId"] = id })).Status);
        await place.UntilAsync(id, s => s == WorkflowStatus.Faulted);
        var state = (await place.SendAsync("GET", $"{Path}/{id}")).Json["workflowState"]!;
        var node = "Workflow1:flow:f1";
        var run = (await place.SendAsync("GET", $"{Api}/activity-executions/list?WorkflowInstanceId={id}&ActivityNodeId={node}")).Json["items"]![0]!;
        var byId = (await place.SendAsync("GET", $"{Api}/activity-executions/by-id?id={Uri.EscapeDataString($"{run["id"]}")}")).Json;
        var stats = (await place.SendAsync("POST", $"{Api}/activity-executions/report", body: new JsonObject { ["workflowInstanceId"] = id, ["activityNodeIds"] = new JsonArray(node) })).Json["stats"]![0]!;
        var retried = await RetryAsync(place, id);
        await place.EndedAsync(id);
        var again = await RetryAsync(place, id);

        Assert.Equal(("Elsa.Event", "Workflow1:flow:wait", "go"), ($"{bookmark["name"]}", $"{bookmark["activityNodeId"]}", $"{bookmark["payload"]!["eventName"]}"));
        Assert.Equal(("f1", node, "out of GPU memory"), ($"{state["incidents"]![0]!["activityId"]}", $"{state["incidents"]![0]!["activityNodeId"]}", $"{state["incidents"]![0]!["message"]}"));
        Assert.Equal(("Faulted", "out of GPU memory"), ($"{byId["status"]}", $"{byId["exception"]!["message"]}"));
        Assert.Equal((true, false, 1, 1), (stats["isFaulted"]!.GetValue<bool>(), stats["isBlocked"]!.GetValue<bool>(), stats["startedCount"]!.GetValue<int>(), stats["aggregateFaultCount"]!.GetValue<int>()));
        Assert.True(retried["isSuccessful"]!.GetValue<bool>());
        Assert.False(again["isSuccessful"]!.GetValue<bool>());
        Assert.Contains("nothing can happen to it any more", $"{again["log"]!["logEntries"]![0]!["message"]}", StringComparison.Ordinal);
        var events = (await place.SendAsync("POST", $"{Path}/{id}/journal?skip=0&take=2", body: JsonNode.Parse($$"""{ "filter": { "activityNodeIds": ["{{node}}"], "excludedActivityTypes": ["Elsa.Flowchart"], "eventNames": null } }"""))).Json;
        Assert.Equal((4, "Started", "Faulted"), (events["totalCount"]!.GetValue<int>(), $"{events["items"]![0]!["eventName"]}", $"{events["items"]![1]!["eventName"]}"));
        Assert.Equal("Completed", $"{(await place.SendAsync("GET", $"{Path}/{id}/journal/f1")).Json["eventName"]}");
    }

    [Fact]
    public async Task A_step_that_runs_tells_how_far_it_is_and_one_that_waits_for_people_how_many_answers_are_missing()
    {
        var (slow, desk) = (new SlowStep(), new DeskStep());
        await using var place = await Place.OpenAsync(steps: [slow, desk]);
        await place.Runtime.DriveAsync();
        await place.AskAsync(DeskStep.Request, questions: 3);
        var (id, started) = await StartAsync(place, await Flows.SlowAndPeopleAsync(place), []);
        await UntilAsync(async () => $"{(await LastAsync(place, id, "slow"))["eventName"]}" == "Progress" && $"{(await LastAsync(place, id, "slow"))["message"]}".StartsWith("25", StringComparison.Ordinal));
        var running = await LastAsync(place, id, "slow");
        var run = (await place.SendAsync("GET", $"{Api}/activity-executions/by-id?id={running["activityInstanceId"]}")).Json;
        var state = (await place.SendAsync("GET", $"{Path}/{id}")).Json["workflowState"]!;
        slow.Go.SetResult();
        await place.UntilAsync(id, s => s == WorkflowStatus.Suspended);
        var waiting = await LastAsync(place, id, "people");
        var bookmark = (await place.SendAsync("GET", $"{Path}/{id}")).Json["workflowState"]!["bookmarks"]![0]!["payload"]!;

        Assert.Equal(("Running", "Executing"), ($"{started["workflowState"]!["status"]}", $"{started["workflowState"]!["subStatus"]}"));
        Assert.Equal("25 %, a quarter", $"{running["message"]}");
        Assert.Equal((0.25, 1.5), (running["payload"]!["Fraction"]!.GetValue<double>(), running["payload"]!["Metrics"]!["loss"]!.GetValue<double>()));
        Assert.Equal(("Running", 0.25), ($"{run["status"]}", run["payload"]!["Progress"]!["Fraction"]!.GetValue<double>()));
        Assert.True(state["activityExecutionContexts"]!.AsArray().Single(c => $"{c!["scheduledActivityNodeId"]}" == "Workflow1:flow:slow")!["isExecuting"]!.GetValue<bool>());
        Assert.Equal(("Suspended", 0, 3), ($"{waiting["eventName"]}", waiting["payload"]!["People"]!["Judged"]!.GetValue<int>(), waiting["payload"]!["People"]!["Missing"]!.GetValue<int>()));
        Assert.Equal(3, bookmark["missing"]!.GetValue<int>());
        var done = (await place.SendAsync("GET", $"{Api}/activity-executions/list?workflowInstanceId={id}&activityId=slow")).Json["items"]![0]!;
        Assert.Equal($"/decisions/{new string('d', 64)}", $"{done["metadata"]!["links"]!["Decision"]}");
    }

    [Fact]
    public async Task All_that_a_filter_finds_is_cancelled_and_an_empty_one_finds_nothing_unless_it_says_so()
    {
        await using var place = await Place.OpenAsync();
        await place.Runtime.DriveAsync();
        var ended = await place.StartAsync(await Flows.LineAsync(place));
        var (first, second, other) = (await place.StartAsync(await Flows.WaitAsync(place)), await place.StartAsync("waits"), await place.StartAsync(await Flows.WaitAsync(place, "others")));
        await place.EndedAsync(ended);
        foreach (var id in new[] { first, second, other }) await place.UntilAsync(id, s => s == WorkflowStatus.Suspended);
        // As Studio sends it.
        JsonObject Order(string type, JsonObject filter) => new() { ["id"] = null, ["alterations"] = new JsonArray(new JsonObject { ["type"] = type }), ["filter"] = filter };
        Task<Reply> SubmitAsync(string type, JsonObject filter) => place.SendAsync("POST", $"{Api}/alterations/submit", body: Order(type, filter));
        async Task<string> StatusesAsync() => string.Join(' ', await Task.WhenAll(new[] { ended, first, second, other }.Select(async i => $"{(await place.Runtime.FindAsync(i))!.Status}")));

        var none = await SubmitAsync("Cancel", new() { ["emptyFilterSelectsAll"] = false, ["searchTerm"] = "", ["statuses"] = null });
        var unknown = await SubmitAsync("Migrate", new() { ["emptyFilterSelectsAll"] = true });
        var unfound = await SubmitAsync("Cancel", new() { ["emptyFilterSelectsAll"] = true, ["names"] = new JsonArray("x") });
        var before = await StatusesAsync();
        var dry = await place.SendAsync("POST", $"{Api}/alterations/dry-run", body: Order("Cancel", new() { ["definitionIds"] = new JsonArray("waits") }));
        var done = await SubmitAsync("Cancel", new() { ["definitionIds"] = new JsonArray("waits"), ["isSystem"] = false });
        var between = await StatusesAsync();
        var all = await SubmitAsync("Cancel", new() { ["emptyFilterSelectsAll"] = true, ["isSystem"] = false });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (none.Status, unknown.Status, unfound.Status));
        Assert.Contains("'Migrate'", unknown.Text.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("Finished Suspended Suspended Suspended", before);
        Assert.Equal(new[] { first, second }.Order(), dry.Json["workflowInstanceIds"]!.AsArray().Select(i => $"{i}").Order());
        Assert.NotEmpty($"{done.Json["planId"]}");
        Assert.Equal("Finished Cancelled Cancelled Suspended", between);
        Assert.Equal((HttpStatusCode.OK, "Finished Cancelled Cancelled Cancelled"), (all.Status, await StatusesAsync()));
    }

    [Fact]
    public async Task Only_what_has_ended_is_deleted_and_of_many_none_where_one_has_not()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var ended = await place.StartAsync(await Flows.LineAsync(place));
        var open = await place.StartAsync(await Flows.WaitAsync(place));

        var refused = await place.SendAsync("DELETE", $"{Path}/{open}");
        var many = await place.SendAsync("POST", $"{Api}/bulk-actions/delete/workflow-instances", body: new JsonObject { ["ids"] = new JsonArray(ended, open) });
        var both = (await FoundAsync(place, "GET", Path, null)).Count;
        var cancelled = await place.SendAsync("POST", $"{Api}/bulk-actions/cancel/workflow-instances", body: new JsonObject { ["definitionId"] = "waits", ["versionOptions"] = "Published" });
        var twice = await place.SendAsync("POST", $"{Api}/cancel/workflow-instances/{open}");
        var deleted = await place.SendAsync("POST", $"{Api}/bulk-actions/delete/workflow-instances", body: new JsonObject { ["ids"] = new JsonArray(ended, open) });

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict, 2), (refused.Status, many.Status, both));
        Assert.Equal(1, cancelled.Json["cancelledCount"]!.GetValue<int>());
        Assert.Equal(HttpStatusCode.Conflict, twice.Status);
        Assert.Equal(2, deleted.Json["deleted"]!.GetValue<int>());
        Assert.Equal([], await FoundAsync(place, "GET", Path, null));
        Assert.Equal((HttpStatusCode.NotFound, ""), ((await place.SendAsync("DELETE", $"{Path}/{ended}")).Status, (await place.SendAsync("GET", $"{Path}/{ended}")).Text));
    }

    [Fact]
    public async Task Who_cannot_be_started_is_told_why_in_the_headers_that_studio_reads_too()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await Flows.WaitAsync(place, "only-one", isSingleton: true);
        await place.StartAsync("only-one");

        async Task<(int, string, string)> TriedAsync(string definition, JsonObject body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{Api}/workflow-definitions/{definition}/execute") { Content = new StringContent(body.ToJsonString(), System.Text.Encoding.UTF8, "application/json") };
            using var response = await place.RawAsync(request);
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return ((int)response.StatusCode, response.Headers.TryGetValues("x-elsa-workflow-cannot-start", out var refused) ? refused.Single() : "", text.Length == 0 ? "" : $"{JsonNode.Parse(text)!["errors"]!.AsObject().Single().Value![0]}");
        }

        Assert.Equal((404, "", ""), await TriedAsync("nothing", []));
        var (status, header, sentence) = await TriedAsync("only-one", []);
        Assert.Equal((409, "True"), (status, header));
        Assert.StartsWith("'only-one' allows one open instance only", sentence, StringComparison.Ordinal);
        Assert.Equal((400, "True", "only-one: 'colour' is no input of this workflow; known are note."), await TriedAsync("only-one", new() { ["input"] = new JsonObject { ["colour"] = "red" } }));
        Assert.Equal(400, (await TriedAsync("only-one", new() { ["versionOptions"] = "Newest" })).Item1);
        Assert.Equal(400, (await TriedAsync("only-one", new() { ["instanceId"] = "mine" })).Item1);
    }

    [Theory]
    [InlineData("POST", "/workflow-instances", "{")]
    [InlineData("POST", "/workflow-instances", "[]")]
    [InlineData("POST", "/workflow-instances", """{ "page": -1 }""")]
    [InlineData("POST", "/workflow-instances", """{ "page": 1.5 }""")]
    [InlineData("POST", "/workflow-instances", """{ "definitionIds": 7 }""")]
    [InlineData("POST", "/workflow-instances", """{ "definitionIds": [7] }""")]
    [InlineData("POST", "/workflow-instances", """{ "status": "Sleeping" }""")]
    [InlineData("POST", "/workflow-instances", """{ "orderBy": "Color" }""")]
    [InlineData("POST", "/workflow-instances", """{ "timestampFilters": [{ "column": "CreatedAt", "operator": "Is", "timestamp": "soon" }] }""")]
    [InlineData("POST", "/workflow-instances", """{ "timestampFilters": [{ "timestamp": "2026-01-01" }] }""")]
    [InlineData("GET", "/workflow-instances?page=x", "")]
    [InlineData("GET", "/workflow-instances?hasIncidents=perhaps", "")]
    [InlineData("GET", "/activity-executions/list", "")]
    [InlineData("GET", "/activity-executions/by-id", "")]
    [InlineData("POST", "/activity-executions/report", "{}")]
    [InlineData("POST", "/alterations/workflows/retry", "{}")]
    [InlineData("POST", "/alterations/workflows/retry", """{ "workflowInstanceIds": [null] }""")]
    [InlineData("POST", "/bulk-actions/delete/workflow-instances", "{}")]
    [InlineData("POST", "/bulk-actions/cancel/workflow-instances", """{ "definitionVersionId": "waits" }""")]
    [InlineData("POST", "/events/go/trigger", """{ "correlationId": "c" }""")]
    [InlineData("POST", "/events/%20/trigger", "{}")]
    [InlineData("POST", "/tests/activities", "{}")]
    [InlineData("POST", "/identity/login", "{}")]
    public async Task Bad_input_is_refused_in_elsas_shape(string method, string path, string body)
    {
        await using var place = await Place.OpenAsync();
        using var request = new HttpRequestMessage(new(method), $"{Api}{path}");
        if (body.Length > 0) request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await place.RawAsync(request);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;

        Assert.Equal((400, 400, "application/problem+json"), ((int)response.StatusCode, error["statusCode"]!.GetValue<int>(), response.Content.Headers.ContentType!.MediaType));
        Assert.Contains("expected", $"{error["errors"]!.AsObject().Single().Value![0]}{(body.Length < 3 ? "expected" : "")}{(path.Contains("%20", StringComparison.Ordinal) ? "expected" : "")}", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Variables_of_a_waiting_instance_are_set_and_the_journal_says_by_whom()
    {
        await using var place = await Place.OpenAsync(steps: StudioSteps.All);
        await place.Runtime.DriveAsync();
        var id = (await StartAsync(place, await Flows.WaitAsync(place), [])).Instance;
        var before = (await place.SendAsync("GET", $"{Path}/{id}/variables")).Json["items"]!.AsArray();
        var variable = before[0]!;
        JsonObject Body(JsonNode? value) => new() { ["variables"] = new JsonArray(new JsonObject { ["id"] = variable["id"]!.DeepClone(), ["value"] = value }) };

        var set = await place.SendAsync("POST", $"{Path}/{id}/variables", body: Body("new"));
        var refused = await place.SendAsync("POST", $"{Path}/{id}/variables", body: new JsonObject { ["variables"] = new JsonArray(new JsonObject { ["id"] = "none", ["value"] = 1 }) });
        var journal = (await place.SendAsync("GET", $"{Path}/{id}/journal")).Json["items"]!.AsArray();
        await place.Runtime.CancelAsync(id);
        var late = await place.SendAsync("POST", $"{Path}/{id}/variables", body: Body("late"));

        Assert.Equal((HttpStatusCode.OK, "new", before.Count), (set.Status, $"{set.Json["items"]![0]!["value"]}", set.Json["count"]!.GetValue<int>()));
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("has no variable 'none'", refused.Text, StringComparison.Ordinal);
        Assert.EndsWith($" set {variable["name"]}.", $"{journal.Single(l => $"{l!["eventName"]}" == "Changed")!["message"]}", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, late.Status);
        Assert.Equal("new", $"{(await place.SendAsync("GET", $"{Path}/{id}/variables")).Json["items"]![0]!["value"]}");
    }

    [Theory]
    [InlineData("GET", "/workflow-instances/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("GET", "/workflow-instances/none/execution-state")]
    [InlineData("GET", "/workflow-instances/none/journal")]
    [InlineData("POST", "/workflow-instances/none/journal")]
    [InlineData("GET", "/workflow-instances/none/journal/wait")]
    [InlineData("GET", "/workflow-instances/none/variables")]
    [InlineData("GET", "/workflow-instances/none/export")]
    [InlineData("DELETE", "/workflow-instances/none")]
    [InlineData("POST", "/cancel/workflow-instances/none")]
    [InlineData("GET", "/activity-executions/none.%F0%9F%98%80")]
    [InlineData("GET", "/activity-executions/none.bm9uZQ")]
    [InlineData("GET", "/activity-executions/by-id?id=none")]
    [InlineData("GET", "/descriptors/activities/Elsa.Nothing")]
    [InlineData("GET", "/features/installed/Elsa.Nothing")]
    [InlineData("POST", "/tasks/none/complete")]
    [InlineData("POST", "/workflow-definitions/none/execute")]
    [InlineData("POST", "/workflow-definitions/none/dispatch")]
    [InlineData("POST", "/workflow-definitions/none/bulk-dispatch")]
    [InlineData("POST", "/scripting/javascript/type-definitions/none")]
    public async Task What_is_not_there_is_not_found_without_a_word(string method, string path)
    {
        await using var place = await Place.OpenAsync();

        var answer = await place.SendAsync(method, $"{Api}{path}", body: method == "POST" ? new JsonObject() : null);

        Assert.Equal((HttpStatusCode.NotFound, ""), (answer.Status, answer.Text));
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_refused_before_it_is_read()
    {
        await using var place = await Place.OpenAsync();

        var answer = await place.SendAsync("POST", Path, body: new JsonObject { ["searchTerm"] = new string('x', 5 << 20) }, change: r => r.Headers.ExpectContinue = true);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, 413), (answer.Status, answer.Json["statusCode"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Another_site_cannot_make_a_browser_start_a_workflow_by_an_address()
    {
        await using var place = await Place.OpenAsync();
        await Flows.LineAsync(place);
        var address = $"{Api}/workflow-definitions/line/execute";

        var forged = await place.SendAsync("GET", address, change: r => r.Headers.Add("Sec-Fetch-Site", "cross-site"));
        var program = await place.SendAsync("GET", $"{address}?versionOptions=Latest");

        Assert.Equal(HttpStatusCode.Forbidden, forged.Status);
        Assert.Equal((HttpStatusCode.OK, "Finished"), (program.Status, $"{program.Json["workflowState"]!["subStatus"]}"));
        Assert.Equal(1, (await place.SendAsync("GET", Path)).Json["totalCount"]!.GetValue<int>());
    }

    [Fact]
    public async Task Who_started_an_instance_is_kept_with_it_and_several_are_started_at_once()
    {
        await using var place = await Place.OpenAsync();
        await Flows.WaitAsync(place);
        var key = await place.KeyAsync("olga", Role.Operator);

        var several = await place.SendAsync("POST", $"{Api}/workflow-definitions/waits/bulk-dispatch", key, new JsonObject { ["count"] = 3, ["input"] = new JsonObject { ["note"] = "n" } });
        var ids = several.Json["workflowInstanceIds"]!.AsArray().Select(i => $"{i}").ToList();
        var instance = (await place.SendAsync("GET", $"{Path}/{ids[2]}", key)).Json;

        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(("olga", "n"), ($"{instance["initiator"]}", $"{instance["workflowState"]!["input"]!["note"]}"));
    }

    static async Task<JsonNode> LastAsync(Place place, string id, string activity) =>
        (await place.SendAsync("GET", $"{Path}/{id}/journal/{activity}")) is { Status: HttpStatusCode.OK } last ? last.Json : new JsonObject();

    static async Task UntilAsync(Func<Task<bool>> isThere)
    {
        for (var looks = 0; looks < 600; looks++, await Task.Delay(50))
        {
            if (await isThere()) return;
        }
        throw new TimeoutException("It does not come to that.");
    }

    static async Task<JsonNode> RetryAsync(Place place, string id) =>
        (await place.SendAsync("POST", $"{Api}/alterations/workflows/retry", body: new JsonObject { ["workflowInstanceIds"] = new JsonArray(id) })).Json["results"]![0]!;

    static async Task<(string Instance, JsonObject Answer)> StartAsync(Place place, string definition, JsonObject body)
    {
        var answer = await place.SendAsync("POST", $"{Api}/workflow-definitions/{definition}/execute", body: body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return ($"{answer.Json["workflowState"]!["id"]}", answer.Json);
    }

    static async Task<IReadOnlyList<string>> FoundAsync(Place place, string method, string path, JsonObject? body)
    {
        var answer = await place.SendAsync(method, path, body: body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return [.. answer.Json["items"]!.AsArray().Select(i => $"{i!["id"]}")];
    }
}
