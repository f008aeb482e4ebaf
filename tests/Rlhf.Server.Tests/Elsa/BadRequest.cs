using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>A request as nobody should send it: parts of the path, query and body that are none, or of another route, or broken.</summary>
/// <param name="Parts">For the names in braces of a route's pattern, in turn.</param>
/// <param name="Body">Null: none.</param>
sealed record BadRequest(int Route, IReadOnlyList<string> Parts, string Query, string? Body, string ContentType)
{
    const string Json = "application/json";

    // Stands for what no string holds: in a body it becomes half of a pair of UTF-16.
    const string Half = "\u0001";

    static readonly string[] Ids =
    [
        "some-flow", "some-flow:1", "some-flow:1:1", "some-flow:2", "1", "0", "-1", "99999999999999", "Elsa.WriteLine", "Rlhf.TrainPolicy", "text", "none", "waiting", "Latest", "go", "..", ".", "a/b", "../../etc/passwd",
        "C:\\x", "%", "%00", "a\0b", " ", "'; drop table x; --", "<script>", "\ud83d\ude00", "\u202e", "some-flow:1:1:1", "some-flow:", ":1", "?x=1#y", "{id}", new('x', 3000), "con", "SOME-FLOW", Half + "pair",
    ];

    static readonly string[] Names =
    [
        "versionOptions", "version", "page", "pageSize", "skip", "take", "orderBy", "orderDirection", "searchTerm", "ids", "id", "definitionIds", "isSystem", "name", "definitionId", "workflowInstanceId", "activityNodeId",
        "activityId", "completed", "refresh", "includeConsumingWorkflows", "parentNodeId", "childNodeId", "triggerActivityId", "correlationId",
    ];

    static readonly string[] Members =
    [
        "model", "publish", "definitionId", "name", "root", "id", "type", "version", "activities", "connections", "source", "target", "activity", "port", "inputs", "outputs", "variables", "options", "customProperties", "metadata",
        "designer", "position", "ids", "definitionIds", "workflowInstanceIds", "activityIds", "alterations", "filter", "emptyFilterSelectsAll", "statuses", "timestampFilters", "column", "operator", "timestamp", "page", "pageSize",
        "input", "versionOptions", "count", "workflowInstanceId", "activityNodeIds", "variableName", "value", "typeName", "expression", "text", "propertyName", "activityTypeName", "defaultValue", "isArray", "username", "password",
    ];

    static readonly Gen<string> Part = Gen.Frequency<string>((4, Gen.OneOf<string>(Ids)), (1, Gen.String[1, 20]));

    static readonly Gen<string> Texts = Gen.Frequency<string>((4, Gen.OneOf<string>(Ids)), (2, Gen.OneOf("Latest", "Published", "AllVersions", "Ascending", "Cancel", "Elsa.Flowchart", "Elsa.WriteLine", "Running", "true", "2026-01-31T12:00:00Z", "")), (1, Gen.String));

    static readonly Gen<JsonNode?> Value = Gen.Recursive<JsonNode?>((depth, deeper) => depth > 4 ? Leaf : Gen.Frequency<JsonNode?>((3, Leaf), (2, deeper.List[0, 4].Select(l => (JsonNode?)new JsonArray([.. l]))),
        (3, Gen.Select(Gen.OneOf<string>(Members), deeper).List[0, 6].Select(l => (JsonNode?)new JsonObject(l.DistinctBy(m => m.Item1).Select(m => KeyValuePair.Create(m.Item1, m.Item2)))))));

    static Gen<JsonNode?> Leaf => Gen.Frequency<JsonNode?>((3, Texts.Select(t => (JsonNode?)JsonValue.Create(t))), (1, Gen.Int.Select(i => (JsonNode?)JsonValue.Create(i))), (1, Gen.Double.Select(d => (JsonNode?)(double.IsFinite(d) ? JsonValue.Create(d) : null))),
        (1, Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b))), (1, Gen.Const((JsonNode?)null)));

    /// <summary>A body that is taken somewhere, with something of it replaced, taken away or added.</summary>
    static readonly Gen<string> Changed = Gen.Select(Gen.OneOf<string>(Good), Gen.Int[0, 1000], Gen.Int[0, 2], Gen.OneOf<string>(Members), Value).Select((body, place, how, member, value) =>
    {
        var whole = JsonNode.Parse(body)!;
        var objects = Objects(whole).ToList();
        var one = objects[place % objects.Count];
        var names = one.Select(m => m.Key).ToList();
        if (how == 0 && names.Count > 0) one.Remove(names[place % names.Count]);
        else one[how == 1 && names.Count > 0 ? names[place % names.Count] : member] = value?.DeepClone();
        return whole.ToJsonString();
    });

    static string[] Good =>
    [
        new JsonObject { ["model"] = DefinitionTests.Flow("hello"), ["publish"] = true }.ToJsonString(),
        new JsonObject { ["model"] = DefinitionTests.Flow("hello"), ["publish"] = false }.ToJsonString(),
        DefinitionTests.Flow("hello").ToJsonString(),
        """{"ids":["some-flow:1","some-flow:2"]}""",
        """{"definitionIds":["some-flow"]}""",
        """{"alterations":[{"type":"Cancel"}],"filter":{"emptyFilterSelectsAll":false,"searchTerm":"x","timestampFilters":[{"column":"CreatedAt","operator":"Is","timestamp":"2026-01-31T12:00:00Z"}]}}""",
        """{"page":0,"pageSize":10,"searchTerm":"","definitionIds":[],"statuses":[],"orderBy":"CreatedAt","timestampFilters":[]}""",
        """{"filter":{"activityIds":null,"activityNodeIds":["Workflow1:flow"],"excludedActivityTypes":["Elsa.Workflow"],"eventNames":null}}""",
        """{"workflowInstanceIds":["x"],"activityIds":["line"]}""",
        """{"correlationId":null,"triggerActivityId":null,"versionOptions":"Latest","input":{"x":1}}""",
        """{"workflowDefinitionId":"some-flow","activityTypeName":"Elsa.WriteLine","propertyName":"Text"}""",
        """{"variables":[{"id":"x","value":1}]}""",
    ];

    static readonly Gen<string> Broken = Gen.OneOf(
        "", "{", "}", "[]", "null", "5", "\"x\"", "{\"model\":", "{\"model\":{}}{", "{\"a\":1,\"a\":2}", "{\"model\":\"\\ud800\"}", "\ufeff{}", "{'model':1}", "NaN", string.Concat(Enumerable.Repeat("[", 5000)), "{\"model\":{\"root\":" + string.Concat(Enumerable.Repeat("{\"root\":", 900)) + "1" + new string('}', 902));

    static readonly Gen<string?> Bodies = Gen.Frequency<string?>((6, Changed.Select(t => (string?)t)), (2, Value.Select(v => (string?)(v?.ToJsonString() ?? "null"))), (2, Broken.Select(t => (string?)t)), (1, Gen.Const((string?)null)));

    static readonly Gen<string> Queries = Gen.Select(Gen.OneOf<string>(Names), Texts).List[0, 4].Select(l => string.Join('&', l.Select(p => $"{p.Item1}={Escape(p.Item2)}")));

    /// <param name="routes">How many there are.</param>
    public static Gen<BadRequest> Of(int routes) => Gen.Select(Gen.Int[0, routes - 1], Part.List[3], Queries, Bodies, Gen.Frequency<string>((12, Gen.Const(Json)), (1, Gen.OneOf("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json; charset=utf-7"))))
        .Select((route, parts, query, body, type) => new BadRequest(route, parts, query, body?.Replace("\\u0001", "\\ud800", StringComparison.Ordinal), type));

    /// <summary>The request to a route.</summary>
    public HttpRequestMessage Message(string method, string pattern)
    {
        var parts = new Queue<string>(Parts);
        var path = string.Join('/', pattern.Split('/').Select(p => p.StartsWith('{') ? Escape(parts.Dequeue()) : p));
        var request = new HttpRequestMessage(new(method), new Uri($"{path}{(Query.Length > 0 ? "?" : "")}{Query}", UriKind.Relative));
        if (Body is null || method == "GET") return request;
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Body));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        return request;
    }

    // Half a pair of UTF-16 cannot be written into an address; dots alone are taken out of it by whoever sends it.
    static string Escape(string text) => Uri.EscapeDataString(string.Concat(text.Where(c => !char.IsSurrogate(c)))).Replace(".", "%2e", StringComparison.Ordinal);

    static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(m => Objects(m.Value)).Prepend(json),
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };
}
