using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>What is no definition, or names none.</summary>
public sealed class BadDefinitionTests
{
    const string Path = "/elsa/api/workflow-definitions";

    static readonly string Deep = string.Concat(Enumerable.Repeat("""{"root":""", 80)) + "1" + new string('}', 80);

    public static TheoryData<string, string> Bodies => new()
    {
        { "", "The body is not what was expected" },
        { "{", "The body is not what was expected" },
        { "null", "The body is null" },
        { "[]", "The body is not what was expected" },
        { "{}", "The body is not what was expected" },
        { """{"model":null}""", "The body is not what was expected" },
        { """{"model":5}""", "The body is not what was expected" },
        { """{"model":{},"publish":"yes"}""", "The body is not what was expected" },
        { """{"model":{"name":"a","name":"b"}}""", "The body is not what was expected" },
        { $$"""{"model":{{Deep}}}""", "The body is not what was expected" },
        { """{"model":{"definitionId":5}}""", "'definitionId' is of kind Number; expected String." },
        { """{"model":{"definitionId":"../../etc/x"}}""", "is no id of a definition" },
        { """{"model":{"definitionId":"a:b"}}""", "is no id of a definition" },
        { """{"model":{"name":["x"]}}""", "'name' is of kind Array; expected String." },
        { """{"model":{"root":5}}""", "'root' is of kind Number; expected Object." },
        { """{"model":{"root":{"id":"x"}}}""", "'root.type' is missing; expected String." },
        { """{"model":{"root":{"id":"x","type":"Elsa.Flowchart","activities":[5]}}}""", "'root.activities[0]' is of kind Number; expected Object." },
        { """{"model":{"root":{"id":"x","type":"Elsa.Flowchart","activities":[{"id":"y","type":3}]}}}""", "'root.activities[0].type' is of kind Number; expected String." },
        { """{"model":{"root":{"id":"x","type":"Elsa.Flowchart","connections":{}}}}""", "'root.connections' is of kind Object; expected Array." },
        { """{"model":{"variables":["x"]}}""", "'variables[0]' is of kind String; expected Object." },
        { """{"model":{"inputs":[{}]}}""", "'inputs[0].name' is missing; expected String." },
        { """{"model":{"name":"\ud800x"}}""", "The body holds a text that is none, at byte 17" },
        { """{"model":{"\udc00":1}}""", "The body holds a text that is none, at byte 10" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_body_that_is_no_definition_is_refused_in_elsas_shape_and_leaves_nothing_behind(string body, string sentence)
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);

        var reply = await place.SendAsync("POST", Path, key, null, r => r.Content = new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains(sentence, $"{reply.Json["errors"]!.AsObject().Single().Value![0]}", StringComparison.Ordinal);
        Assert.Equal(400, reply.Json["statusCode"]!.GetValue<int>());
        Assert.Equal(0, (await place.SendAsync("GET", $"{Path}/query/count", key)).Json["count"]!.GetValue<int>());
        Assert.False(Directory.Exists(place.Workflows));
    }

    [Fact]
    public async Task A_definition_of_ten_megabytes_is_refused()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);

        foreach (var (method, path) in new[] { ("POST", Path), ("POST", $"{Path}/import"), ("PUT", $"{Path}/big/import") })
        {
            var reply = await place.SendAsync(method, path, key, new JsonObject { ["model"] = new JsonObject { ["definitionId"] = "big", ["description"] = new string('x', 10 << 20) } });
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.Status);
            Assert.Contains("4194304 bytes", reply.Text, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.NotFound, (await place.SendAsync("GET", $"{Path}/big", key)).Status);
    }

    [Fact]
    public async Task A_definition_just_under_the_limit_is_saved_published_and_read_back()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var model = DefinitionTests.Flow(new string('x', 3_900_000));

        var reply = await DefinitionTests.SaveAsync(place, key, model, publish: true);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.True((await place.SendAsync("GET", $"{Path}/some-flow", key)).Text.Length > 3_900_000);
    }

    [Theory]
    [InlineData("GET", "/none")]
    [InlineData("GET", "/by-definition-id/none?versionOptions=Latest")]
    [InlineData("GET", "/some-flow?versionOptions=7")]
    [InlineData("GET", "/some-flow?versionOptions=Published")]
    [InlineData("GET", "/by-id/none")]
    [InlineData("GET", "/by-id/some-flow:9")]
    [InlineData("GET", "/by-id/some-flow:0")]
    [InlineData("GET", "/by-id/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("GET", "/by-id/some-flow:99999999999")]
    [InlineData("GET", "/none/versions")]
    [InlineData("GET", "/none/export")]
    [InlineData("GET", "/none/findings")]
    [InlineData("GET", "/subgraph/none")]
    [InlineData("GET", "/subgraph/some-flow:1?parentNodeId=Workflow1:nowhere")]
    [InlineData("GET", "/subgraph/segments/some-flow:1?childNodeId=Workflow1:nowhere")]
    [InlineData("POST", "/none/publish")]
    [InlineData("POST", "/none/retract")]
    [InlineData("POST", "/none/revert/1")]
    [InlineData("POST", "/some-flow/revert/9")]
    [InlineData("POST", "/none/update-references")]
    [InlineData("DELETE", "/none")]
    [InlineData("DELETE", "/some-flow/version/9")]
    [InlineData("DELETE", "/%2e%2e%2fsecrets")]
    public async Task What_is_not_there_is_404_without_a_body(string method, string path)
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        await DefinitionTests.SaveAsync(place, key, DefinitionTests.Flow("hello"));

        var reply = await place.SendAsync(method, Path + path, key, method == "POST" ? new JsonObject() : null);

        Assert.Equal((HttpStatusCode.NotFound, ""), (reply.Status, reply.Text));
        Assert.Equal(HttpStatusCode.OK, (await place.SendAsync("GET", $"{Path}/some-flow", key)).Status);
    }

    [Theory]
    [InlineData("?versionOptions=Newest", "is no version; expected Latest")]
    [InlineData("?versionOptions=0", "is no version; expected Latest")]
    [InlineData("?versionOptions=-1", "is no version; expected Latest")]
    [InlineData("?pageSize=many", "'pageSize' is 'many'; expected a number")]
    [InlineData("?page=-1&pageSize=10", "'page' is '-1'; expected a number")]
    [InlineData("?orderBy=Weight", "'Weight' is no order; expected")]
    public async Task A_query_that_means_nothing_is_refused(string query, string sentence)
    {
        await using var place = await Place.OpenAsync();

        var reply = await place.SendAsync("GET", Path + query, await place.KeyAsync("vera", Role.Viewer));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains(sentence, DefinitionTests.ErrorOf(reply), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("publish", "definitions/by-definition-ids", """{"definitionIds":5}""")]
    [InlineData("publish", "definitions/by-definition-ids", """{}""")]
    [InlineData("publish", "definitions/by-definition-ids", """{"definitionIds":null}""")]
    [InlineData("retract", "definitions/by-definition-ids", """[]""")]
    [InlineData("delete", "definitions/by-definition-id", """{"definitionIds":"some-flow"}""")]
    [InlineData("delete", "definitions/by-id", """{"ids":{}}""")]
    [InlineData("export", "definitions", """{"ids":[]}""")]
    [InlineData("export", "definitions", """{"ids":[null]}""")]
    public async Task A_bulk_action_on_no_list_is_refused_and_changes_nothing(string action, string what, string body)
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        await DefinitionTests.SaveAsync(place, key, DefinitionTests.Flow("hello"));

        var reply = await place.SendAsync("POST", $"/elsa/api/bulk-actions/{action}/workflow-{what}", key, JsonNode.Parse(body));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.NotNull(reply.Json["errors"]);
        Assert.False((await place.SendAsync("GET", $"{Path}/some-flow", key)).Json["isPublished"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Of_several_files_of_which_one_is_broken_none_is_imported()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        foreach (var (name, content, sentence) in new[]
        {
            ("broken.json", "{ not JSON", "'broken.json' is no JSON object"), ("number.json", "5", "'number.json' is no JSON object"), ("broken.zip", "no zip", "'broken.zip' is no zip archive"),
            ("odd.json", """{"root":5}""", "'root' is of kind Number"), ("path.json", """{"definitionId":"../x"}""", "is no id of a definition"),
        })
        {
            using var form = new MultipartFormDataContent
            {
                { new ByteArrayContent(Encoding.UTF8.GetBytes(DefinitionTests.Flow("hello").ToJsonString())), "files", "good.json" },
                { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "files", name },
            };
            var reply = await place.SendAsync("POST", $"{Path}/import-files", key, null, r => r.Content = form);
            Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
            Assert.Contains(sentence, DefinitionTests.ErrorOf(reply), StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await place.SendAsync("POST", $"{Path}/import-files", key, new JsonObject())).Status);
        var cut = await place.SendAsync("POST", $"{Path}/import-files", key, null, r => r.Content = new StringContent("5", new MediaTypeHeaderValue("multipart/form-data") { Parameters = { new("boundary", "x") } }));
        Assert.Equal(HttpStatusCode.BadRequest, cut.Status);
        Assert.Contains("The form cannot be read", DefinitionTests.ErrorOf(cut), StringComparison.Ordinal);
        Assert.Equal(0, (await place.SendAsync("GET", $"{Path}/query/count", key)).Json["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Another_content_type_than_json_is_refused()
    {
        await using var place = await Place.OpenAsync();

        var reply = await place.SendAsync("POST", Path, await place.KeyAsync("olga", Role.Operator), null, r => r.Content = new StringContent("model", new MediaTypeHeaderValue("text/plain")));

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Contains("expected application/json", DefinitionTests.ErrorOf(reply), StringComparison.Ordinal);
    }
}
