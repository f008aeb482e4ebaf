using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Pipeline;
using Rlhf.Runtime.Access;
using Rlhf.Runtime.Tests.Library;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>Files loaded, sent back by an editor that changed nothing, and compared by meaning.</summary>
public sealed class RoundTripTests
{
    const string Path = "/elsa/api/workflow-definitions";

    static readonly string Traces = System.IO.Path.GetFullPath(System.IO.Path.Combine(Place.Root, "..", "shared", "elsa", "traces"));

    public static IEnumerable<TheoryDataRow<string>> Files => Directory.GetFiles(System.IO.Path.Combine(Place.Root, "workflows"), "*.json").Select(f => new TheoryDataRow<string>(System.IO.Path.GetFileName(f)));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_workflow_file_comes_back_from_the_editor_as_it_was_and_is_published_without_a_changed_byte(string name)
    {
        await using var place = await Place.OpenAsync(steps: [.. PipelineSteps.All, new NamedStep(MeasureGold.Description)]);
        var key = await place.KeyAsync("olga", Role.Operator);
        var (source, target) = (System.IO.Path.Combine(Place.Root, "workflows", name), System.IO.Path.Combine(place.Workflows, name));
        Directory.CreateDirectory(place.Workflows);
        File.Copy(source, target);

        var opened = (await place.SendAsync("GET", $"{Path}/{JsonNode.Parse(File.ReadAllText(source))!["definitionId"]}", key)).Json;
        var saved = await SaveAsync(place, key, opened);
        var moved = opened.DeepClone().AsObject();
        moved["root"]!["activities"]![0]!["metadata"]!["designer"]!["position"]!["x"] = -77;
        var draft = (await SaveAsync(place, key, moved)).Json["workflowDefinition"]!.AsObject();
        draft["root"]!["activities"]![0]!["metadata"]!["designer"]!["position"]!["x"] = opened["root"]!["activities"]![0]!["metadata"]!["designer"]!["position"]!["x"]!.DeepClone();
        var published = await SaveAsync(place, key, draft, publish: true);

        Assert.Equal($"{opened["id"]}", $"{saved.Json["workflowDefinition"]!["id"]}");
        Assert.True(opened["isPublished"]!.GetValue<bool>());
        Assert.Equal((HttpStatusCode.OK, 2), (published.Status, published.Json["workflowDefinition"]!["version"]!.GetValue<int>()));
        Assert.Equal(File.ReadAllText(source), File.ReadAllText(target));
        Assert.Null(Difference(Meaning(WithoutDefaults(JsonNode.Parse(File.ReadAllText(source))!.AsObject())), Meaning(WithoutDefaults(opened))));
    }

    /// <summary>Without the properties in which defaults of inputs travel through Studio, and without those that are empty then.</summary>
    static JsonObject WithoutDefaults(JsonObject model)
    {
        if (model["customProperties"] is not JsonObject properties) return model;
        foreach (var name in properties.Select(p => p.Key).Where(n => n.StartsWith("inputDefault.", StringComparison.Ordinal)).ToList()) properties.Remove(name);
        if (properties.Count == 0) model.Remove("customProperties");
        return model;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task An_export_that_is_imported_unchanged_by_Studio_or_anyone_is_nothing_new(string name)
    {
        await using var place = await Place.OpenAsync(steps: [.. PipelineSteps.All, new NamedStep(MeasureGold.Description)]);
        var key = await place.KeyAsync("olga", Role.Operator);
        var (id, target) = (System.IO.Path.GetFileNameWithoutExtension(name), System.IO.Path.Combine(place.Workflows, name));
        Directory.CreateDirectory(place.Workflows);
        File.Copy(System.IO.Path.Combine(Place.Root, "workflows", name), target);
        var (text, exported) = (File.ReadAllText(target), (await place.SendAsync("GET", $"{Path}/{id}/export", key)).Json);
        var ofStudio = EditorModel.Of(exported.ToJsonString());
        // What is imported was never drawn, so no box was measured.
        foreach (var (sent, given) in ofStudio["root"]!["activities"]!.AsArray().Zip(exported["root"]!["activities"]!.AsArray()))
            sent!["metadata"]!["designer"]!["size"] = given!["metadata"]!["designer"]!["size"]!.DeepClone();

        foreach (var (method, path, model) in new[] { ("POST", "import", exported), ("PUT", $"{id}/import", exported), ("POST", "import", ofStudio), ("POST", $"{id}/import", ofStudio) })
        {
            var imported = await place.SendAsync(method, $"{Path}/{path}", key, model);
            var published = await place.SendAsync("POST", $"{Path}/{id}/publish", key, new JsonObject());

            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (imported.Status, published.Status));
            Assert.Equal((1, true), (imported.Json["version"]!.GetValue<int>(), imported.Json["isPublished"]!.GetValue<bool>()));
            Assert.Equal((1, true), (published.Json["workflowDefinition"]!["version"]!.GetValue<int>(), published.Json["alreadyPublished"]!.GetValue<bool>()));
            Assert.Equal(text, File.ReadAllText(target));
        }
        Assert.Null(Difference(Meaning(JsonNode.Parse(text)), Meaning(exported)));
        Assert.Single((await place.SendAsync("GET", $"{Path}/{id}/versions", key)).Json["items"]!.AsArray());
    }

    [Fact]
    public async Task What_an_import_says_of_an_input_holds_and_what_its_sender_cannot_say_stays()
    {
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var model = DefinitionTests.Flow("hello");
        model["inputs"] = new JsonArray(
            new JsonObject { ["name"] = "rounds", ["type"] = "Int32", ["description"] = "How many.", ["defaultValue"] = 3 },
            new JsonObject { ["name"] = "seed", ["type"] = "Int64", ["defaultValue"] = 1 });
        await DefinitionTests.SaveAsync(place, key, model, publish: true);

        async Task<JsonArray> ImportAsync(Action<JsonArray> change)
        {
            var changed = model.DeepClone().AsObject();
            change(changed["inputs"]!.AsArray());
            var reply = await place.SendAsync("POST", $"{Path}/import", key, changed);
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            return reply.Json["inputs"]!.AsArray();
        }

        var untold = await ImportAsync(inputs =>
        {
            foreach (var input in inputs) input!.AsObject().Remove("defaultValue");
            inputs[0]!.AsObject().Remove("description");
        });
        var taken = await ImportAsync(inputs => inputs[0]!.AsObject().Remove("defaultValue"));
        var set = await ImportAsync(inputs => inputs[0]!["defaultValue"] = 5);

        Assert.Equal(("3", "1", null), ($"{untold[0]!["defaultValue"]}", $"{untold[1]!["defaultValue"]}", untold[0]!["description"]));
        Assert.Equal((null, "1"), (taken[0]!["defaultValue"], $"{taken[1]!["defaultValue"]}"));
        Assert.Equal(("5", "1"), ($"{set[0]!["defaultValue"]}", $"{set[1]!["defaultValue"]}"));
    }

    [Fact]
    public async Task Every_definition_of_the_recorded_traces_comes_back_as_it_was()
    {
        if (!Directory.Exists(Traces)) Assert.Skip($"There are no traces in '{Traces}'.");
        await using var place = await Place.OpenAsync();
        var key = await place.KeyAsync("olga", Role.Operator);
        var (differences, count) = (new List<string>(), 0);

        foreach (var file in Directory.GetFiles(Traces, "*.json"))
        {
            var trace = JsonNode.Parse(File.ReadAllText(file))!;
            foreach (var (i, given) in (trace["otherDefinitions"] as JsonArray ?? []).Select(d => d!.AsObject()).Prepend(trace["definition"]!.AsObject()).Index())
            {
                var definition = given.DeepClone().AsObject();
                definition["definitionId"] = $"trace-{System.IO.Path.GetFileNameWithoutExtension(file)}-{i}";
                var imported = await place.SendAsync("POST", $"{Path}/import", key, definition);
                var saved = await SaveAsync(place, key, imported.Json);
                var exported = (await place.SendAsync("GET", $"{Path}/{definition["definitionId"]}/export", key)).Json;

                count++;
                if (saved.Status != HttpStatusCode.OK || $"{saved.Json["workflowDefinition"]!["id"]}" != $"{imported.Json["id"]}") differences.Add($"{file}: {saved.Text}");
                else if (Difference(Meaning(definition), Meaning(exported)) is { } difference) differences.Add($"{file}: {difference}");
            }
        }

        Assert.True(differences.Count == 0, string.Join(Environment.NewLine, differences));
        Assert.True(count > 130, $"{count} definitions");
    }

    /// <summary>As Studio saves what it opened.</summary>
    static Task<Reply> SaveAsync(Place place, string key, JsonObject opened, bool publish = false)
    {
        var model = EditorModel.Of(opened.ToJsonString());
        model["id"] = opened["id"]?.DeepClone();
        return DefinitionTests.SaveAsync(place, key, model, publish);
    }

    /// <summary>
    /// What a definition says: without what a server adds, and without what says nothing. An absent root is Elsa's empty sequence. Written for this test, so that it does not ask
    /// the library what the library thinks.
    /// </summary>
    static JsonNode? Meaning(JsonNode? node, string name = "")
    {
        if (name is "value" or "defaultValue") return node?.DeepClone();
        switch (node)
        {
            case JsonObject json:
                var isTop = json.ContainsKey("definitionId");
                var kept = json.Where(m => !(isTop && m.Key is "$schema" or "id" or "createdAt" or "version" or "isLatest" or "isPublished" or "isReadonly" or "isSystem" or "links" or "toolVersion") || !isTop)
                    .Where(m => m.Key is not ("nodeId" or "notFoundConnections")).Select(m => KeyValuePair.Create(m.Key, Meaning(m.Value, m.Key)))
                    .Where(m => m.Value is not null && !(m.Key == "port" && $"{m.Value}" is "Done" or "In") && !(m.Key == "version" && $"{m.Value}" == "1")).ToList();
                if (isTop) kept.RemoveAll(m => m.Key == "root" && m.Value is JsonObject { Count: 2 } root && $"{root["id"]}" == "Sequence1" && $"{root["type"]}" == "Elsa.Sequence");
                return kept.Count == 0 ? null : new JsonObject(kept);
            case JsonArray list:
                return list.Count == 0 ? null : new JsonArray([.. list.Select(i => Meaning(i))]);
            default:
                return node is null || node.GetValueKind() == JsonValueKind.False ? null : node.DeepClone();
        }
    }

    /// <summary>A step by its contract alone.</summary>
    sealed class NamedStep(StepDescription description) : IStep
    {
        public StepDescription Description => description;

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) => throw new NotSupportedException("Nothing is run here.");
    }

    static string? Difference(JsonNode? one, JsonNode? other, string path = "")
    {
        if (JsonNode.DeepEquals(one, other)) return null;
        if (one is JsonObject a && other is JsonObject b)
            return a.Select(m => m.Key).Union(b.Select(m => m.Key)).Select(n => Difference(a[n], b[n], $"{path}.{n}")).FirstOrDefault(d => d is not null);
        if (one is JsonArray l && other is JsonArray k && l.Count == k.Count)
            return l.Zip(k).Select((p, i) => Difference(p.First, p.Second, $"{path}[{i}]")).FirstOrDefault(d => d is not null);
        return $"{path}: {one?.ToJsonString() ?? "nothing"} became {other?.ToJsonString() ?? "nothing"}";
    }
}
