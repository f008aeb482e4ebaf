using System.Net;
using System.Text.Json.Nodes;
using Rlhf.Pipeline;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Definitions over HTTP, in Elsa's shapes.</summary>
public sealed class DefinitionTests
{
    const string Path = "/elsa/api/workflow-definitions";

    [Fact]
    public async Task What_an_editor_saves_is_a_draft_and_what_it_publishes_is_a_file()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);

        var created = (await SaveAsync(place, key, Flow("hello"))).Json["workflowDefinition"]!.AsObject();
        var file = System.IO.Path.Combine(place.Workflows, "some-flow.json");
        var isThere = File.Exists(file);
        created["root"]!["activities"]![0]!["text"]!["expression"]!["value"] = "changed";
        var changed = (await SaveAsync(place, key, created)).Json["workflowDefinition"]!.AsObject();
        var published = (await SaveAsync(place, key, changed, publish: true)).Json["workflowDefinition"]!.AsObject();

        Assert.Equal(("some-flow:1:1", "some-flow:1:2", "some-flow:1"), ($"{created["id"]}", $"{changed["id"]}", $"{published["id"]}"));
        Assert.False(isThere);
        Assert.Equal(
            """
            {
              "$schema": "https://elsaworkflows.io/schemas/workflow-definition/v3.0.0/schema.json",
              "definitionId": "some-flow",
              "name": "Some flow",
              "version": 1,
              "root": {
                "id": "flow",
                "type": "Elsa.Flowchart",
                "version": 1,
                "activities": [
                  {
                    "id": "line",
                    "type": "Elsa.WriteLine",
                    "version": 1,
                    "text": { "typeName": "String", "expression": { "type": "Literal", "value": "changed" } }
                  }
                ]
              }
            }

            """, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        var list = (await place.SendAsync("GET", $"{Path}?versionOptions=Published", key)).Json;
        Assert.Equal("some-flow:1", $"{list["items"]!.AsArray().Single()!["id"]}");
        Assert.Contains(list["links"]!.AsArray(), l => $"{l!["rel"]}" == "bulk-publish");
    }

    [Fact]
    public async Task Of_two_editors_that_save_over_one_another_the_second_is_told_and_nothing_of_it_is_kept()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var opened = (await SaveAsync(place, key, Flow("hello"))).Json["workflowDefinition"]!.AsObject();
        var (one, other) = (opened.DeepClone().AsObject(), opened.DeepClone().AsObject());
        (one["name"], other["name"]) = ("One", "Other");

        var first = await SaveAsync(place, key, one);
        var second = await SaveAsync(place, key, other);
        var same = await SaveAsync(place, key, one);
        var now = (await place.SendAsync("GET", $"{Path}/some-flow", key)).Json;

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.OK), (first.Status, second.Status, same.Status));
        Assert.Equal("'some-flow' was changed since version 1 was opened: the draft of version 1 was saved by someone else (revision 2, not 1). Nothing was saved or overwritten; expected the change on top of that.", ErrorOf(second));
        Assert.Equal(("One", "some-flow:1:2"), ($"{now["name"]}", $"{now["id"]}"));
    }

    [Fact]
    public async Task An_editor_that_knows_no_defaults_keeps_them_in_what_it_saves_and_in_a_copy()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var flow = Flow("hello");
        flow["inputs"] = new JsonArray(Input("seed", 7), Input("note", ""), Input("none", null));
        flow["customProperties"] = new JsonObject { ["scheduleMissed"] = "skip" };
        var opened = (await SaveAsync(place, key, flow)).Json["workflowDefinition"]!.AsObject();
        foreach (var input in opened["inputs"]!.AsArray()) input!.AsObject().Remove("defaultValue");
        var copy = opened.DeepClone().AsObject();
        (copy["definitionId"], copy["id"], copy["name"]) = (null, null, "Copy");
        copy["inputs"]!.AsArray().RemoveAt(1);

        await SaveAsync(place, key, opened, publish: true);
        await SaveAsync(place, key, copy, publish: true);

        foreach (var (id, defaults) in new[] { ("some-flow", "7,\"\",-"), ("copy", "7,-") })
        {
            var file = JsonNode.Parse(await File.ReadAllTextAsync(System.IO.Path.Combine(place.Workflows, $"{id}.json"), TestContext.Current.CancellationToken))!;
            Assert.Equal(defaults, string.Join(',', file["inputs"]!.AsArray().Select(i => i!["defaultValue"]?.ToJsonString() ?? "-")));
            Assert.Equal("""{"scheduleMissed":"skip"}""", file["customProperties"]!.ToJsonString());
        }

        static JsonObject Input(string name, JsonNode? value)
        {
            var input = new JsonObject { ["name"] = name, ["type"] = "Object" };
            if (value is not null) input["defaultValue"] = value;
            return input;
        }
    }

    [Theory]
    [InlineData("?orderDirection=sideways", "'sideways' is no direction; expected Ascending or Descending.")]
    [InlineData("?orderBy=size", "'size' is no order; expected Name, Version or Created.")]
    [InlineData("?versionOptions=Newest", "'Newest' is no version; expected Latest, Published, LatestOrPublished, LatestAndPublished, Draft, AllVersions or a number.")]
    [InlineData("?page=-1", "'page' is '-1'; expected a number from 0 to 2147483647.")]
    public async Task A_list_that_cannot_be_made_is_refused_with_what_was_expected(string query, string said)
    {
        await using var place = await Place.OpenAsync();

        var reply = await place.SendAsync("GET", Path + query, await place.KeyAsync("vera", Role.Viewer));

        Assert.Equal((HttpStatusCode.BadRequest, said), (reply.Status, ErrorOf(reply)));
    }

    [Theory]
    [InlineData("?versionOptions=Latest", "a:1 b:1")]
    [InlineData("?versionOptions=Published", "a:1")]
    [InlineData("?versionOptions=Draft", "b:1")]
    [InlineData("?versionOptions=LatestOrPublished&orderBy=Name&orderDirection=Descending", "b:1 a:1")]
    [InlineData("?versionOptions=Latest&page=1&pageSize=1", "b:1")]
    [InlineData("?versionOptions=Latest&page=7&pageSize=1", "")]
    [InlineData("?versionOptions=Latest&searchTerm=%25", "")]
    [InlineData("?versionOptions=9", "")]
    [InlineData("?ids=b:1&ids=c:1&ids=none", "b:1")]
    [InlineData("?definitionIds=a&definitionIds=c", "a:1")]
    [InlineData("?isSystem=true", "")]
    [InlineData("?isReadonly=true", "")]
    [InlineData("?isReadonly=false", "a:1 b:1")]
    public async Task A_list_holds_what_its_query_asks_for(string query, string expected)
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        await SaveAsync(place, key, Named("a"), publish: true);
        await SaveAsync(place, key, Named("b"));

        var list = (await place.SendAsync("GET", Path + query, key)).Json;

        Assert.Equal(expected, string.Join(' ', list["items"]!.AsArray().Select(i => $"{i!["definitionId"]}:{i["version"]}")));

        static JsonObject Named(string id)
        {
            var flow = Flow("hello", id);
            flow["name"] = id;
            return flow;
        }
    }

    [Fact]
    public async Task What_the_lint_refuses_is_named_at_its_activity_and_neither_saved_nor_published()
    {
        await using var place = await Place.OpenAsync(steps: PipelineSteps.All);
        var key = await place.KeyAsync("olga", Role.Operator);
        await SaveAsync(place, key, Flow("hello"));
        var model = (await place.SendAsync("GET", $"{Path}/some-flow", key)).Json;
        model["root"]!["activities"]!.AsArray().Add(new JsonObject { ["id"] = "train", ["type"] = "Rlhf.TrainNothing", ["version"] = 1 });

        var refused = await SaveAsync(place, key, model, publish: true);
        var now = (await place.SendAsync("GET", $"{Path}/some-flow", key)).Json;

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Equal("train", $"{refused.Json["validationErrors"]![0]!["activityId"]}");
        Assert.StartsWith("'train': it is of type 'Rlhf.TrainNothing', which this runtime does not run; known are ", $"{refused.Json["errors"]!["train"]![0]}", StringComparison.Ordinal);
        Assert.Equal(("some-flow:1:1", false), ($"{now["id"]}", now["isPublished"]!.GetValue<bool>()));
        Assert.False(Directory.Exists(place.Workflows));
    }

    [Fact]
    public async Task Who_may_only_look_has_no_links_to_change_anything()
    {
        await using var place = await Place.OpenAsync();
        await SaveAsync(place, await place.KeyAsync("olga", Role.Operator), Flow("hello"));

        var list = (await place.SendAsync("GET", $"{Path}?versionOptions=Latest", await place.KeyAsync("vera", Role.Viewer))).Json;

        Assert.DoesNotContain(list["links"]!.AsArray(), l => $"{l!["method"]}" != "GET");
        Assert.DoesNotContain(list["items"]![0]!["links"]!.AsArray(), l => $"{l!["rel"]}" is "publish" or "delete" or "execute");
    }

    internal static Task<Reply> SaveAsync(Place place, string key, JsonObject model, bool publish = false) =>
        place.SendAsync("POST", Path, key, new JsonObject { ["model"] = model.DeepClone(), ["publish"] = publish });

    internal static string ErrorOf(Reply reply) => $"{reply.Json["errors"]!.AsObject().Single().Value![0]}";

    /// <summary>A flowchart of one line.</summary>
    internal static JsonObject Flow(string text, string id = "some-flow") => new()
    {
        ["definitionId"] = id,
        ["name"] = "Some flow",
        ["root"] = new JsonObject
        {
            ["id"] = "flow",
            ["type"] = "Elsa.Flowchart",
            ["version"] = 1,
            ["activities"] = new JsonArray(new JsonObject
            {
                ["id"] = "line",
                ["type"] = "Elsa.WriteLine",
                ["version"] = 1,
                ["text"] = new JsonObject { ["typeName"] = "String", ["expression"] = new JsonObject { ["type"] = "Literal", ["value"] = text } },
            }),
        },
    };
}
