using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Runtime.Access;
using Rlhf.Server.Tests.Support;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Tests.Elsa;

/// <summary>
/// What a real Elsa server was asked about definitions and answered, asked again here: the same status, every field there with the same type. Types of activities that are
/// not ours stand for steps of this test, and Elsa's that this runtime does not run for ones that it does; ids of versions are those that this server gave.
/// </summary>
public sealed partial class RecordedDefinitionsTests
{
    static readonly string Recordings = Path.GetFullPath(Path.Combine(Place.Root, "..", "shared", "elsa"));

    static readonly (string Theirs, string Ours)[] Types = [("Acme.", "Rlhf."), ("Elsa.Complete", "Elsa.End"), ("Elsa.HttpEndpoint", "Elsa.Event"), ("Rlhf.Missing", "Acme.Missing"), ("CSharp", "JavaScript")];

    /// <summary>What is answered otherwise on purpose.</summary>
    static readonly Dictionary<string, (int Status, string Reason)> Otherwise = new()
    {
        ["13 editor: publish"] = (400, "nothing leads here from the start 'shout'"), // Elsa publishes a step that never runs
    };

    readonly Dictionary<string, string> _ids = [];
    readonly List<string> _differences = [];
    string _key = "";

    [Fact]
    public async Task What_a_rest_client_was_answered_it_is_answered_here()
    {
        if (!Directory.Exists(Recordings)) Assert.Skip($"There are no recordings in '{Recordings}'.");
        await using var place = await OpenAsync();
        string[] order =
        [
            "import", "publish", "get-missing", "count", "name-unique", "by-definition-id", "by-id", "many-by-id", "graph", "graph-segments", "consumers", "export", "bulk-export", "bulk-publish",
            "import-nightly", "publish-nightly", "export-nightly", "list", "list-published", "versions", "save-draft", "save-publish", "save-draft-2", "revert", "retract", "delete",
            "save-unknown-activity", "save-malformed",
        ];

        _ids["5ab95a697377ac6"] = "train-flow:1";
        foreach (var name in order) await AskAsync(place, Rest.Read(Path.Combine(Recordings, "rest", $"wd-{name}.md")));

        Assert.True(_differences.Count == 0, string.Join(Environment.NewLine, _differences));
        var executed = Directory.GetFiles(Path.Combine(Recordings, "rest"), "wd-*.md").Select(f => Path.GetFileNameWithoutExtension(f)[3..]).Except(order);
        Assert.All(executed, n => Assert.True(n.StartsWith("execute", StringComparison.Ordinal) || n == "dispatch", $"wd-{n} is not asked here or with the instances"));
    }

    [Fact]
    public async Task What_studio_was_answered_about_definitions_it_is_answered_here()
    {
        if (!Directory.Exists(Recordings)) Assert.Skip($"There are no recordings in '{Recordings}'.");
        await using var place = await OpenAsync();
        var exchanges = File.ReadLines(Path.Combine(Recordings, "studio", "traffic.jsonl")).Select(Rest.Of)
            .Where(r => r.Path.Contains("/workflow-definitions", StringComparison.Ordinal) && !r.Path.EndsWith("/execute", StringComparison.Ordinal)).ToList();
        // Each definition stands here as the first exchange that shows it shows it.
        var seen = new HashSet<string>();
        foreach (var definition in exchanges.Select(e => e.Answer as JsonObject).Where(a => a?["root"] is not null && seen.Add($"{a["definitionId"]}")))
        {
            var version = definition!["version"]!.GetValue<double>();
            for (var number = 1; number <= version; number++)
            {
                var model = definition.DeepClone().AsObject();
                model["description"] = number < version ? $"version {number}" : model["description"]?.DeepClone();
                await SendAsync(place, "POST", "/elsa/api/workflow-definitions/import", model.ToJsonString());
                await SendAsync(place, "POST", $"/elsa/api/workflow-definitions/{definition["definitionId"]}/publish", "{}");
            }
            _ids[$"{definition["id"]}"] = $"{definition["definitionId"]}:{version}";
        }

        foreach (var exchange in exchanges) await AskAsync(place, exchange);

        Assert.True(_differences.Count == 0, string.Join(Environment.NewLine, _differences));
        Assert.Equal(34, exchanges.Count);
    }

    async Task<Place> OpenAsync()
    {
        var place = await Place.OpenAsync(steps: [new Shout(), new MetricGate(), new WaitForJob()]);
        _key = await place.KeyAsync("olga", Role.Operator);
        return place;
    }

    async Task AskAsync(Place place, Rest exchange)
    {
        var reply = await SendAsync(place, exchange.Method, exchange.Path, exchange.Body);
        if (Otherwise.TryGetValue(exchange.Name, out var otherwise))
        {
            Assert.Equal(otherwise.Status, (int)reply.Status);
            Assert.Contains(otherwise.Reason, reply.Text, StringComparison.Ordinal);
            return;
        }
        if ((int)reply.Status != exchange.Status) _differences.Add($"{exchange.Name}: {(int)reply.Status}, not {exchange.Status}: {reply.Text[..Math.Min(300, reply.Text.Length)]}");
        else if (exchange.Answer is { } recorded)
        {
            var ours = JsonNode.Parse(reply.Text);
            _differences.AddRange(RecordedShape.Differences(recorded, ours).Select(d => $"{exchange.Name}: {d}"));
            Remember(recorded, ours);
        }
    }

    /// <summary>From here on the recorded id of a version stands for what this server calls it.</summary>
    void Remember(JsonNode? recorded, JsonNode? ours)
    {
        if (recorded is JsonObject r && ours is JsonObject o)
        {
            if (r["definitionId"] is not null && r["id"] is { } theirs && o["id"] is { } own && $"{own}".StartsWith($"{r["definitionId"]}:", StringComparison.Ordinal)) _ids[$"{theirs}"] = $"{own}";
            foreach (var (name, value) in r) Remember(value, o[name]);
        }
        else if (recorded is JsonArray list && ours is JsonArray others)
        {
            foreach (var item in list.OfType<JsonObject>())
                Remember(item, others.FirstOrDefault(i => i is JsonObject other && $"{other["definitionId"]}" == $"{item["definitionId"]}" && $"{other["version"]}" == $"{item["version"]}"));
        }
    }

    Task<Reply> SendAsync(Place place, string method, string path, string? body)
    {
        // A box that was only measured anew is no change here: there is no version 2, and Studio asks for the one that it was given.
        path = path.Replace("studio-demo-2/export?versionOptions=2", "studio-demo-2/export?versionOptions=1", StringComparison.Ordinal);
        foreach (var (theirs, ours) in _ids)
        {
            path = path.Replace(theirs, ours, StringComparison.Ordinal);
            body = body?.Replace($"\"{theirs}\"", $"\"{ours}\"", StringComparison.Ordinal);
        }
        foreach (var (theirs, ours) in Types) body = body?.Replace($"\"{theirs}", $"\"{ours}", StringComparison.Ordinal);
        return place.SendAsync(method, path, _key, null, request =>
        {
            if (body is not null) request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        });
    }

    /// <summary>One exchange; the answer is null where it had no JSON.</summary>
    sealed partial record Rest(string Name, string Method, string Path, string? Body, int Status, JsonNode? Answer)
    {
        public static Rest Read(string file)
        {
            var text = File.ReadAllText(file);
            var (first, status) = (First().Match(text), StatusLine().Match(text));
            var (before, after) = (text[..status.Index], text[(status.Index + status.Length)..]);
            var body = Block().Match(before) is { Success: true } block ? block.Groups[1].Value : null;
            var answer = Block().Match(after) is { Success: true } given && given.Groups[1].Value.TrimStart().StartsWith('{') ? RecordedShape.Parse(given.Groups[1].Value) : null;
            return new(System.IO.Path.GetFileNameWithoutExtension(file), first.Groups[1].Value, first.Groups[2].Value, body, int.Parse(status.Groups[1].Value, null), answer);
        }

        public static Rest Of(string line, int number)
        {
            var json = JsonNode.Parse(line)!;
            var (body, answer) = (json["requestBody"], json["responseBody"]);
            return new(
                $"{number} {json["label"]}", $"{json["method"]}", $"{json["path"]}{json["query"]}", body is JsonValue text ? $"{text}" : body?.ToJsonString(), json["status"]!.GetValue<int>(),
                answer is JsonValue raw ? RecordedShape.Parse($"{raw}") : answer?.DeepClone() is { } whole ? RecordedShape.Parse(whole.ToJsonString()) : null);
        }

        [GeneratedRegex(@"^# (\w+) (\S+)")]
        private static partial Regex First();

        [GeneratedRegex(@"^Status (\d+)", RegexOptions.Multiline)]
        private static partial Regex StatusLine();

        [GeneratedRegex(@"```json\n(.*?)(\n```|\z)", RegexOptions.Singleline)]
        private static partial Regex Block();
    }

    sealed class Shout() : Named<Shout.Inputs, Shout.Outputs>("Shout", "Done")
    {
        public sealed record Inputs(string? Text = null);

        public sealed record Outputs(string? Result = null);
    }

    sealed class MetricGate() : Named<MetricGate.Inputs, MetricGate.Outputs>("MetricGate", "Pass", "Fail")
    {
        public sealed record Inputs(double? Value = null, double? Bound = null, string? Kind = null);

        public sealed record Outputs(bool? Passed = null);
    }

    sealed class WaitForJob() : Named<WaitForJob.Inputs, WaitForJob.Outputs>("WaitForJob", "Done", "Failed")
    {
        public sealed record Inputs(string? JobId = null);

        public sealed record Outputs(string? Result = null);
    }

    /// <summary>A step that is there to be named by workflows.</summary>
    abstract class Named<TInputs, TOutputs>(string name, params string[] outcomes) : IStep
    {
        public StepDescription Description { get; } = new(name, 1, StepKind.Effectful, typeof(TInputs), typeof(NoHParams), typeof(TOutputs), "A step of a recording.") { Outcomes = outcomes };

        public Task<StepResult> RunAsync(JsonObject inputs, JsonObject hparams, StepContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Nothing is run here.");
    }
}
