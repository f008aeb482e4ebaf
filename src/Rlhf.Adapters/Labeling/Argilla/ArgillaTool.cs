using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Labeling.Argilla;

/// <summary>
/// Argilla's REST API, version 1. A dataset is found by its name; it is a draft until its fields and questions are there, and its records are put by their
/// external ids, so that each part may be done again.
/// </summary>
sealed class ArgillaTool(ArgillaSettings settings, ToolClient client) : ITool
{
    const string Api = "api/v1/", Question = "preference", Comment = "comment";

    /// <summary>Records in one request; the server takes 500.</summary>
    const int Batch = 250;

    /// <summary>Records on one page; the server gives up to 1000.</summary>
    const int Page = 250;

    string? _workspace;

    public string Title => "Argilla";

    public int? LongestGuidelines => 10_000;

    public async Task<string> CheckAsync(CancellationToken cancellationToken)
    {
        var user = await client.GetAsync<ArgillaUser>(Api + "me", cancellationToken);
        await WorkspaceAsync(cancellationToken);
        return $"{client.Address}: {user.Username}, {user.Role}{(settings.Workspace is null ? "" : $", workspace '{settings.Workspace}'")}";
    }

    public Task EnsureAsync(ToolSet set, GuidelinesVersion? guidelines, int judgementsPerQuestion, CancellationToken cancellationToken) => client.AnewAsync(async token =>
    {
        var dataset = await FindAsync(set.Name, token) ?? await CreateAsync(set, guidelines, judgementsPerQuestion, token);
        if (dataset.Status == "draft") await PublishAsync(dataset, token);
        foreach (var batch in set.Questions.Chunk(Batch))
            await client.SendAsync(new(HttpMethod.Put, $"{Of(dataset)}/records/bulk") { Body = new JsonObject { ["items"] = new JsonArray([.. batch.Select(RecordOf)]) } }, token);
    }, cancellationToken);

    public async Task<ToolReading> ReadAsync(ToolSet set, CancellationToken cancellationToken)
    {
        var dataset = await FindAsync(set.Name, cancellationToken)
            ?? throw new InvalidDataException($"Argilla at {client.Address} has no dataset '{set.Name}' any more; expected the one that was made for this round.");
        var asked = set.Questions.ToDictionary(q => q.Pair);
        var (answers, seen, foreign) = (new List<ToolAnswer>(), new HashSet<string>(), 0);
        // What comes in meanwhile comes at the end; a record that is seen twice is one.
        for (var offset = 0; ; offset += Page)
        {
            var page = (await client.GetAsync<ArgillaList<ArgillaRecord>>($"{Of(dataset)}/records?include=responses&offset={offset}&limit={Page}", cancellationToken)).Items;
            foreach (var record in page.Where(r => seen.Add(r.Id)))
            {
                if (record.ExternalId is null || !asked.TryGetValue(record.ExternalId, out var question))
                {
                    foreign++;
                    continue;
                }
                Check(record, question);
                answers.AddRange((record.Responses ?? []).Where(r => r.Status == "submitted").Select(r => AnswerOf(question.Pair, r)));
            }
            if (page.Count < Page) break;
        }
        return new(
            $"Argilla, dataset '{set.Name}' ({client.Address}dataset/{dataset.Id}/annotation-mode)",
            dataset.Guidelines is { Length: > 0 } shown ? GuidelinesVersion.Of(shown.ReplaceLineEndings("\n")) : null, answers, foreign);
    }

    async Task<ArgillaDataset?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var workspace = await WorkspaceAsync(cancellationToken);
        var found = await client.GetAsync<ArgillaList<ArgillaDataset>>($"{Api}me/datasets?workspace_id={workspace}&name={name}", cancellationToken);
        // Older servers take no notice of the name.
        return found.Items.FirstOrDefault(d => d.Name == name);
    }

    async Task<ArgillaDataset> CreateAsync(ToolSet set, GuidelinesVersion? guidelines, int judgementsPerQuestion, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["name"] = set.Name,
            ["allow_extra_metadata"] = false,
            ["distribution"] = new JsonObject { ["strategy"] = "overlap", ["min_submitted"] = judgementsPerQuestion },
            ["workspace_id"] = await WorkspaceAsync(cancellationToken),
        };
        if (guidelines is { Content.Length: > 0 }) body["guidelines"] = guidelines.Content;
        // A name is there once; that it is taken, by this request or by somebody's, is what is wanted.
        await client.SendAsync(new(HttpMethod.Post, $"{Api}datasets") { Body = body, Also = [HttpStatusCode.Conflict] }, cancellationToken);
        return await FindAsync(set.Name, cancellationToken)
            ?? throw new InvalidDataException($"Argilla's dataset '{set.Name}' is taken, but {ArgillaSettings.KeyVariable} may not see it; expected a key that sees the workspace's datasets.");
    }

    async Task AddAsync(ArgillaDataset dataset, string kind, JsonObject part, CancellationToken cancellationToken)
    {
        var there = await client.GetAsync<ArgillaList<ArgillaNamed>>($"{Of(dataset)}/{kind}", cancellationToken);
        if (there.Items.Any(i => i.Name == part["name"]!.GetValue<string>())) return;
        await client.SendAsync(new(HttpMethod.Post, $"{Of(dataset)}/{kind}") { Body = part, Also = [HttpStatusCode.Conflict] }, cancellationToken);
    }

    async Task PublishAsync(ArgillaDataset dataset, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var field in Fields()) await AddAsync(dataset, "fields", field, cancellationToken);
            foreach (var question in Questions()) await AddAsync(dataset, "questions", question, cancellationToken);
            await client.SendAsync(new(HttpMethod.Put, $"{Of(dataset)}/publish"), cancellationToken);
        }
        catch (InvalidDataException)
        {
            // It refuses what was published by a try whose answer was lost, or by another worker meanwhile.
            if ((await client.GetAsync<ArgillaDataset>(Of(dataset), cancellationToken)).Status != "ready") throw;
        }
    }

    async Task<string> WorkspaceAsync(CancellationToken cancellationToken)
    {
        if (_workspace is not null) return _workspace;
        var all = (await client.GetAsync<ArgillaList<ArgillaNamed>>($"{Api}me/workspaces", cancellationToken)).Items;
        var found = settings.Workspace is null ? (all.Count == 1 ? all[0] : null) : all.FirstOrDefault(w => w.Name == settings.Workspace);
        return _workspace = found?.Id ?? throw new InvalidDataException(
            $"{ArgillaSettings.WorkspaceVariable} is {(settings.Workspace is null ? "not set" : $"'{settings.Workspace}'")}; expected one of {string.Join(", ", all.Select(w => w.Name).Order(StringComparer.Ordinal))}.");
    }

    static void Check(ArgillaRecord record, ShownQuestion question)
    {
        if (record.Text("prompt") != question.Prompt || record.Text("answer_a") != question.First || record.Text("answer_b") != question.Second)
            throw new InvalidDataException($"Record {record.Id} at Argilla (external id '{question.Pair}') shows other texts than were asked; expected them unchanged.");
    }

    static ToolAnswer AnswerOf(string pair, ArgillaResponse response)
    {
        var value = response.Values?.GetValueOrDefault(Question)?.Value;
        var text = value is { ValueKind: JsonValueKind.String } said ? said.GetString()! : null;
        var choice = (text is null ? null : Choices.Parse(text))
            ?? throw new InvalidDataException($"Response {response.Id} at Argilla has '{value?.GetRawText() ?? "nothing"}' for '{Question}'; expected {string.Join(", ", Choices.All)}.");
        // Whoever was deleted answered each record once, and cannot be told from others who were.
        var labeler = response.UserId ?? $"deleted-{response.Id}";
        return new(pair, $"{LabelingTools.Argilla}:{labeler}", choice, response.GivenAt, response.ChangedAt, Seconds: null);
    }

    static string Of(ArgillaDataset dataset) => $"{Api}datasets/{dataset.Id}";

    static JsonObject RecordOf(ShownQuestion question) => new()
    {
        ["fields"] = new JsonObject { ["prompt"] = question.Prompt, ["answer_a"] = question.First, ["answer_b"] = question.Second },
        ["external_id"] = question.Pair,
    };

    // As text: what a policy wrote is no markup.
    static IEnumerable<JsonObject> Fields() => new[] { ("prompt", "Prompt"), ("answer_a", "A"), ("answer_b", "B") }.Select(f => new JsonObject
    {
        ["name"] = f.Item1,
        ["title"] = f.Item2,
        ["required"] = true,
        ["settings"] = new JsonObject { ["type"] = "text", ["use_markdown"] = false },
    });

    static IEnumerable<JsonObject> Questions() =>
    [
        new()
        {
            ["name"] = Question,
            ["title"] = ShownChoices.Question,
            ["required"] = true,
            ["settings"] = new JsonObject
            {
                ["type"] = "label_selection",
                ["options"] = new JsonArray([.. Choices.All.Select(c => new JsonObject { ["value"] = c, ["text"] = ShownChoices.Text(Choices.Parse(c)!.Value) })]),
                ["visible_options"] = Choices.All.Count,
            },
        },
        new()
        {
            ["name"] = Comment,
            ["title"] = "Comment",
            ["required"] = false,
            ["settings"] = new JsonObject { ["type"] = "text", ["use_markdown"] = false },
        },
    ];
}
