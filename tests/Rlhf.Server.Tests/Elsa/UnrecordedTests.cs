using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Elsa.Replay;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Requests that are in no recording, answered as a server of Elsa 3.6.3 answers them.</summary>
public sealed class UnrecordedTests
{
    const string Api = "/elsa/api", Definitions = $"{Api}/workflow-definitions", Instances = $"{Api}/workflow-instances", Bulk = $"{Api}/bulk-actions";

    [Theory]
    [InlineData("?page=0&pageSize=1000000000", 200, "line,waits")]
    [InlineData("?page=2147483647&pageSize=2147483647", 200, "")]
    [InlineData("?pageSize=0", 200, "")]
    [InlineData("?definitionIds=waits,line", 200, "line,waits")]
    [InlineData("?definitionIds=waits&definitionIds=nothing", 200, "waits")]
    [InlineData("?isSystem=false&isReadonly=", 200, "line,waits")]
    [InlineData("?isSystem=true", 200, "")]
    [InlineData("?isSystem=perhaps", 400, null)]
    [InlineData("?page=-1&pageSize=1", 400, null)]
    [InlineData("?nobody=knows", 200, "line,waits")]
    public async Task Definitions_are_listed_by_whatever_pages_ids_and_flags(string query, int status, string? ids)
    {
        await using var place = await FlowsAsync();

        var reply = await place.SendAsync("GET", $"{Definitions}{query}");

        Assert.Equal((HttpStatusCode)status, reply.Status);
        if (ids is not null) Assert.Equal(ids, string.Join(",", reply.Json["items"]!.AsArray().Select(i => $"{i!["definitionId"]}")));
    }

    [Theory]
    [InlineData("GET", "/workflow-definitions/nothing/consumers", null, 404, "")]
    [InlineData("GET", "/workflow-definitions/line/consumers", null, 200, """{"consumingWorkflowDefinitionIds":[]}""")]
    [InlineData("GET", "/workflow-definitions/many-by-id?ids=nothing", null, 200, """{"items":[],"count":0}""")]
    [InlineData("POST", "/actions/workflow-definitions/refresh", null, 200, """{"refreshed":["line","waits"],"notFound":[]}""")]
    [InlineData("POST", "/actions/workflow-definitions/refresh", """{"definitionIds":["nothing","line"]}""", 200, """{"refreshed":["line"],"notFound":["nothing"]}""")]
    [InlineData("POST", "/actions/workflow-definitions/reload", "{}", 200, "")]
    [InlineData("POST", "/bulk-actions/retract/workflow-definitions/by-definition-ids", """{"definitionIds":[]}""", 200, """{"retracted":[],"alreadyRetracted":[],"notPublished":[],"notFound":[],"skipped":[],"updatedConsumers":[]}""")]
    [InlineData("POST", "/bulk-actions/delete/workflow-definitions/by-definition-id", """{"definitionIds":[],"aNewerStudio":"says more"}""", 200, """{"deleted":0}""")]
    [InlineData("POST", "/bulk-actions/delete/workflow-instances", """{"ids":[]}""", 200, """{"deleted":0}""")]
    [InlineData("POST", "/bulk-actions/cancel/workflow-instances", """{"ids":[]}""", 200, """{"cancelled":0,"cancelledCount":0}""")]
    [InlineData("POST", "/alterations/workflows/retry", """{"workflowInstanceIds":[]}""", 200, """{"results":[]}""")]
    public async Task Empty_lists_and_unknown_ids_are_answered_as_Elsa_answers_them(string method, string path, string? body, int status, string answer)
    {
        await using var place = await FlowsAsync();

        var reply = await place.SendAsync(method, Api + path, body: body is null ? null : JsonNode.Parse(body));

        Assert.Equal(((HttpStatusCode)status, answer), (reply.Status, reply.Text));
    }

    [Theory]
    [InlineData("POST", "/workflow-definitions/line/revert/newest", null, "version", "'version' is 'newest'; expected the number of a version.")]
    [InlineData("DELETE", "/workflow-definitions/line/version/-1", null, "version", "'version' is '-1'; expected the number of a version.")]
    [InlineData("POST", "/bulk-actions/publish/workflow-definitions/by-definition-ids", """{"ids":["line"]}""", "generalErrors", "The body is not what was expected: 'definitionIds' is missing.")]
    [InlineData("POST", "/bulk-actions/publish/workflow-definitions/by-definition-ids", """{"definitionIds":"line"}""", "definitionIds", "The body is not what was expected: 'definitionIds' is of another type than expected.")]
    [InlineData("POST", "/bulk-actions/publish/workflow-definitions/by-definition-ids", """{"definitionIds":null}""", "definitionIds", "The body is not what was expected: 'definitionIds' is null; expected a value.")]
    [InlineData("GET", "/workflow-definitions?page=one", null, "page", "'page' is 'one'; expected a number from 0 to 2147483647.")]
    [InlineData("GET", "/workflow-definitions?orderBy=Color", null, "orderBy", "'Color' is no order; expected Name, Version or Created.")]
    [InlineData("GET", "/workflow-definitions/line?versionOptions=Newest", null, "versionOptions", "'Newest' is no version; expected Latest, Published, LatestOrPublished, LatestAndPublished, Draft, AllVersions or a number.")]
    [InlineData("GET", "/workflow-instances?status=Sleeping", null, "status", "'status' is 'Sleeping'; expected Running, Finished.")]
    [InlineData("POST", "/workflow-instances", """{"hasIncidents":"perhaps"}""", "hasIncidents", "'hasIncidents' is \"perhaps\"; expected true or false.")]
    [InlineData("POST", "/bulk-actions/delete/workflow-instances", "{}", "ids", "'ids' is missing; expected the ids of instances.")]
    public async Task What_is_refused_is_said_by_its_own_name_and_no_type_of_the_server(string method, string path, string? body, string about, string sentence)
    {
        await using var place = await FlowsAsync();

        var reply = await place.SendAsync(method, Api + path, body: body is null ? null : JsonNode.Parse(body));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(sentence, $"{reply.Json["errors"]![about]![0]}");
    }

    [Fact]
    public async Task An_import_without_an_id_makes_a_definition_and_says_where()
    {
        await using var place = await Place.OpenAsync();
        using var body = new StringContent("""{"name":"From elsewhere"}""", null, "application/json");

        using var created = await place.RawAsync(new(HttpMethod.Post, $"{Definitions}/import") { Content = body });
        var there = await place.SendAsync("GET", created.Headers.Location!.ToString());

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("From elsewhere", $"{there.Json["name"]}");
    }

    [Fact]
    public async Task A_version_that_is_deleted_is_gone_and_a_second_time_not_found()
    {
        await using var place = await FlowsAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var model = (await place.SendAsync("GET", $"{Definitions}/line", key)).Json;
        model["description"] = "another";
        await place.SendAsync("POST", Definitions, key, new JsonObject { ["model"] = model, ["publish"] = true });

        var first = await place.SendAsync("DELETE", $"{Definitions}/line/version/1", key);
        var second = await place.SendAsync("DELETE", $"{Definitions}/line/version/1", key);
        var left = (await place.SendAsync("GET", $"{Definitions}/line/versions", key)).Json["items"]!.AsArray().Select(v => v!["version"]!.GetValue<int>());

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (first.Status, second.Status));
        Assert.Equal([2], left);
    }

    [Theory]
    [InlineData(Kind.Sqlite)]
    [InlineData(Kind.Postgres)]
    public async Task An_instance_has_the_name_that_it_was_given_and_is_found_and_put_in_order_by_it(Kind kind)
    {
        await using var place = await FlowsAsync(kind);
        await place.Runtime.DriveAsync();
        async Task<string> DispatchAsync(string? name) =>
            $"{(await place.SendAsync("POST", $"{Definitions}/waits/dispatch", body: new JsonObject { ["name"] = name })).Json["workflowInstanceId"]}";
        async Task<IReadOnlyList<string>> FoundAsync(string query) =>
            [.. (await place.SendAsync("GET", $"{Instances}?{query}")).Json["items"]!.AsArray().Select(i => $"{i!["id"]}")];

        var (zebra, unnamed, ape) = (await DispatchAsync("Zebra"), await DispatchAsync(null), await DispatchAsync("Ape"));

        Assert.Equal([ape], await FoundAsync("name=Ape"));
        Assert.Equal([], await FoundAsync("name=Nobody"));
        Assert.Equal([zebra], await FoundAsync("searchTerm=zeb"));
        Assert.Equal(3, (await FoundAsync("orderBy=Name&orderDirection=Descending&pageSize=100000")).Count);
        Assert.Equal(ape, (await FoundAsync("orderBy=Name&orderDirection=Ascending"))[0]);
        var full = (await place.SendAsync("GET", $"{Instances}/{zebra}")).Json;
        Assert.Equal(("Zebra", "Zebra"), ($"{full["name"]}", $"{full["workflowState"]!["name"]}"));
        Assert.Null((await place.SendAsync("GET", $"{Instances}/{unnamed}")).Json["name"]);
    }

    [Fact]
    public async Task A_journal_is_read_in_pages_of_the_body_too_and_a_line_alone_says_whose_it_is()
    {
        await using var place = await FlowsAsync();
        await place.Runtime.DriveAsync();
        var id = await place.StartAsync("line");
        await place.EndedAsync(id);

        var all = (await place.SendAsync("POST", $"{Instances}/{id}/journal", body: new JsonObject())).Json["items"]!.AsArray();
        var second = (await place.SendAsync("POST", $"{Instances}/{id}/journal", body: new JsonObject { ["page"] = 1, ["pageSize"] = 1 })).Json;
        var skipped = (await place.SendAsync("POST", $"{Instances}/{id}/journal?skip=2&take=1", body: new JsonObject())).Json;
        var beyond = (await place.SendAsync("POST", $"{Instances}/{id}/journal", body: new JsonObject { ["page"] = 99, ["pageSize"] = 10 })).Json;
        var last = (await place.SendAsync("GET", $"{Instances}/{id}/journal/line")).Json;

        Assert.Equal(($"{all[1]!["id"]}", all.Count), ($"{second["items"]!.AsArray().Single()!["id"]}", second["totalCount"]!.GetValue<int>()));
        Assert.Equal($"{all[2]!["id"]}", $"{skipped["items"]!.AsArray().Single()!["id"]}");
        Assert.Equal((0, all.Count), (beyond["items"]!.AsArray().Count, beyond["totalCount"]!.GetValue<int>()));
        Assert.Equal(
            (id, "line", "line:1", 1, "Workflow1:flow:line", "Completed"),
            ($"{last["workflowInstanceId"]}", $"{last["workflowDefinitionId"]}", $"{last["workflowDefinitionVersionId"]}", last["workflowVersion"]!.GetValue<int>(), $"{last["activityNodeId"]}", $"{last["eventName"]}"));
    }

    [Fact]
    public async Task A_report_that_names_no_activities_is_on_all_of_them()
    {
        await using var place = await FlowsAsync();
        await place.Runtime.DriveAsync();
        var id = await place.StartAsync("line");
        await place.EndedAsync(id);

        var all = await ReportAsync(new() { ["workflowInstanceId"] = id });
        var empty = await ReportAsync(new() { ["workflowInstanceId"] = id, ["activityNodeIds"] = new JsonArray() });
        var unknown = await ReportAsync(new() { ["workflowInstanceId"] = id, ["activityNodeIds"] = new JsonArray("nothing") });

        Assert.Contains("Workflow1:flow:line", all);
        Assert.Equal(all, empty);
        Assert.Empty(unknown);

        async Task<IReadOnlyList<string>> ReportAsync(JsonObject body) =>
            [.. (await place.SendAsync("POST", $"{Api}/activity-executions/report", body: body)).Json["stats"]!.AsArray().Select(s => $"{s!["activityNodeId"]}")];
    }

    [Fact]
    public async Task Of_instances_one_is_exported_as_a_file_and_several_that_are_there_as_an_archive_with_what_the_body_asks_for()
    {
        await using var place = await FlowsAsync();
        await place.Runtime.DriveAsync();
        var (one, other) = (await place.StartAsync("line"), await place.StartAsync("line"));
        await place.EndedAsync(one);
        await place.EndedAsync(other);

        var alone = await ExportAsync(new JsonArray(one), """{"includeWorkflowExecutionLog":true}""");
        var both = await ExportAsync(new JsonArray(one, "nothing", other), "{}");
        var unknown = await ExportAsync(new JsonArray("nothing"), "{}");
        var none = await ExportAsync(new JsonArray("nothing", "neither"), "{}");

        Assert.Equal((HttpStatusCode.OK, $"workflow-instance-{one}.json"), (alone.Status, alone.Name));
        var file = JsonNode.Parse(alone.Bytes)!;
        Assert.Equal((one, "Workflow1"), ($"{file["WorkflowState"]!["id"]}", $"{file["WorkflowExecutionLogRecords"]![0]!["activityId"]}"));
        Assert.Null(file["Bookmarks"]);
        Assert.Equal((HttpStatusCode.OK, "workflow-instances.zip"), (both.Status, both.Name));
        using var zip = new ZipArchive(new MemoryStream(both.Bytes));
        Assert.Equal([$"workflow-instance-{one}.json", $"workflow-instance-{other}.json"], zip.Entries.Select(e => e.Name));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NoContent), (unknown.Status, none.Status));

        async Task<(HttpStatusCode Status, string? Name, byte[] Bytes)> ExportAsync(JsonArray ids, string body)
        {
            var json = JsonNode.Parse(body)!;
            json["ids"] = ids;
            using var request = new HttpRequestMessage(HttpMethod.Post, $"{Bulk}/export/workflow-instances") { Content = new StringContent(json.ToJsonString(), null, "application/json") };
            using var response = await place.RawAsync(request);
            return (response.StatusCode, response.Content.Headers.ContentDisposition?.FileName, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task An_alteration_that_is_run_cancels_the_instances_it_names_and_says_so_of_each()
    {
        await using var place = await FlowsAsync();
        await place.Runtime.DriveAsync();
        var (open, ended) = (await place.StartAsync("waits"), await place.StartAsync("line"));
        await place.EndedAsync(ended);

        var reply = await place.SendAsync("POST", $"{Api}/alterations/run", body: new JsonObject
        {
            ["alterations"] = new JsonArray(new JsonObject { ["type"] = "Cancel" }),
            ["workflowInstanceIds"] = new JsonArray(open, ended, "nothing"),
        });
        var unknown = await place.SendAsync("POST", $"{Api}/alterations/run", body: new JsonObject { ["alterations"] = new JsonArray(new JsonObject { ["type"] = "Migrate" }) });
        await place.EndedAsync(open);

        Assert.Equal([(open, true), (ended, false), ("nothing", false)], reply.Json["results"]!.AsArray().Select(r => ($"{r!["workflowInstanceId"]}", r["isSuccessful"]!.GetValue<bool>())));
        Assert.Equal("Cancelled", $"{(await place.SendAsync("GET", $"{Instances}/{open}")).Json["subStatus"]}");
        Assert.Equal("'type' is 'Migrate', an alteration that this runtime does not make; expected Cancel.", $"{unknown.Json["errors"]!["type"]![0]}");
    }

    static async Task<Place> FlowsAsync(Kind kind = Kind.Sqlite)
    {
        var place = await Place.OpenAsync(kind, steps: StudioSteps.All);
        await Flows.LineAsync(place);
        await Flows.WaitAsync(place);
        return place;
    }
}
