using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Markdig;
using Rlhf.Steps.Data;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Labeling.LabelStudio;

/// <summary>
/// Label Studio's REST API. Neither a project's title nor a task's data is unique there, so whatever makes something is sent once, and what is there is
/// looked at before and after: of projects by one title the oldest counts, of tasks by one pair id likewise, and copies that hold nothing are removed.
/// </summary>
sealed class LabelStudioTool(LabelStudioSettings settings, ToolClient client) : ITool
{
    const string Api = "api/", PairField = "pair_id", GuidelinesMark = "Guidelines ";

    /// <summary>Tasks in one request.</summary>
    const int Batch = 250;

    const int Page = 100;

    static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().Build();

    public string Title => "Label Studio";

    public int? LongestGuidelines => null;

    public async Task<string> CheckAsync(CancellationToken cancellationToken)
    {
        var projects = await client.GetAsync<LabelStudioProjects>($"{Api}projects/?page=1&page_size=1", cancellationToken);
        return $"{client.Address}: {projects.Count} {(projects.Count == 1 ? "project" : "projects")}";
    }

    public Task EnsureAsync(ToolSet set, GuidelinesVersion? guidelines, int judgementsPerQuestion, CancellationToken cancellationToken) => client.AnewAsync(async token =>
    {
        if ((await FindAsync(set.Name, token)).Count == 0) await CreateAsync(set, guidelines, judgementsPerQuestion, token);
        var projects = await FindAsync(set.Name, token);
        if (projects.Count == 0) throw new InvalidDataException($"Label Studio's project '{set.Name}' was made, but {LabelStudioSettings.KeyVariable} does not see it; expected a key that sees the projects it makes.");
        // Two workers may have made it at the same moment.
        foreach (var copy in projects.Skip(1).Where(p => p.TaskNumber == 0))
            await client.SendAsync(new(HttpMethod.Delete, $"{Api}projects/{copy.Id}/") { Also = [HttpStatusCode.NotFound] }, token);
        await FillAsync(projects[0], set, token);
    }, cancellationToken);

    public async Task<ToolReading> ReadAsync(ToolSet set, CancellationToken cancellationToken)
    {
        var project = await FindAsync(set.Name, cancellationToken) is [var first, ..] ? first
            : throw new InvalidDataException($"Label Studio at {client.Address} has no project '{set.Name}' any more; expected the one that was made for this round.");
        var asked = set.Questions.ToDictionary(q => q.Pair);
        var (answers, foreign) = (new List<ToolAnswer>(), 0);
        foreach (var task in await TasksAsync(project, cancellationToken))
        {
            if (task.Text(PairField) is not { } pair || !asked.TryGetValue(pair, out var question))
            {
                foreign++;
                continue;
            }
            Check(task, question);
            answers.AddRange((task.Annotations ?? []).Where(a => !a.WasCancelled).Select(a => AnswerOf(pair, a)));
        }
        return new($"Label Studio, project '{set.Name}' ({client.Address}projects/{project.Id}/)", VersionOf(project), answers, foreign);
    }

    async Task<IReadOnlyList<LabelStudioProject>> FindAsync(string title, CancellationToken cancellationToken)
    {
        var found = new Dictionary<int, LabelStudioProject>();
        for (var page = 1; ; page++)
        {
            var projects = await client.GetAsync<LabelStudioProjects>($"{Api}projects/?title={title}&page={page}&page_size={Page}", cancellationToken);
            // Older servers take no notice of the title.
            foreach (var project in projects.Results.Where(p => p.Title == title)) found[project.Id] = project;
            if (projects.Results.Count == 0 || page * Page >= projects.Count) return [.. found.Values.OrderBy(p => p.Id)];
        }
    }

    Task CreateAsync(ToolSet set, GuidelinesVersion? guidelines, int judgementsPerQuestion, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["title"] = set.Name,
            ["label_config"] = LabelStudioConfig.Text,
            ["show_skip_button"] = true,
            ["enable_empty_annotation"] = false,
            ["maximum_annotations"] = judgementsPerQuestion,
            ["sampling"] = "Uniform sampling",
            ["skip_queue"] = "REQUEUE_FOR_OTHERS",
        };
        if (guidelines is not null)
        {
            body["expert_instruction"] = Markdig.Markdown.ToHtml(guidelines.Content, Markdown);
            body["show_instruction"] = true;
            body["description"] = GuidelinesMark + guidelines.Version;
        }
        if (settings.Workspace is { } workspace) body["workspace"] = workspace;
        return client.SendAsync(new(HttpMethod.Post, $"{Api}projects/") { Body = body, Once = true }, cancellationToken);
    }

    async Task FillAsync(LabelStudioProject project, ToolSet set, CancellationToken cancellationToken)
    {
        var there = (await TasksAsync(project, cancellationToken)).Select(t => t.Text(PairField)).ToHashSet();
        foreach (var batch in set.Questions.Where(q => !there.Contains(q.Pair)).Chunk(Batch)) await ImportAsync(project, batch, cancellationToken);
        // An import whose answer was lost may have been carried out after the look above.
        var copies = (await TasksAsync(project, cancellationToken)).Where(t => t.Text(PairField) is not null).GroupBy(t => t.Text(PairField))
            .SelectMany(g => g.OrderByDescending(t => t.Annotations?.Count ?? 0).ThenBy(t => t.Id).Skip(1));
        foreach (var copy in copies.Where(c => c.Annotations is not { Count: > 0 }).ToList())
            await client.SendAsync(new(HttpMethod.Delete, $"{Api}tasks/{copy.Id}/") { Also = [HttpStatusCode.NotFound] }, cancellationToken);
    }

    async Task ImportAsync(LabelStudioProject project, IReadOnlyList<ShownQuestion> questions, CancellationToken cancellationToken)
    {
        var request = new ToolRequest(HttpMethod.Post, $"{Api}projects/{project.Id}/import?return_task_ids=true") { Body = new JsonArray([.. questions.Select(TaskOf)]), Once = true };
        var begun = await client.SendAsync<LabelStudioImport>(request, cancellationToken);
        if (begun.Import is not { } import) return;
        var isDone = await client.UntilDoneAsync(async token =>
        {
            var status = await client.GetAsync<LabelStudioImportStatus>($"{Api}projects/{project.Id}/imports/{import}/", token);
            return status.Status == "failed" ? throw new InvalidDataException($"Label Studio's import {import} into project {project.Id} failed: {status.Error ?? "it does not say why"}") : status.Status == "completed";
        }, cancellationToken);
        if (!isDone) throw new IOException($"Label Studio's import {import} into project {project.Id} is not done yet.");
    }

    // All of them in the order of their numbers: what comes in meanwhile comes at the end.
    async Task<IReadOnlyCollection<LabelStudioTask>> TasksAsync(LabelStudioProject project, CancellationToken cancellationToken)
    {
        var tasks = new SortedDictionary<long, LabelStudioTask>();
        for (var page = 1; ; page++)
        {
            var read = await client.SendAsync(new(HttpMethod.Get, $"{Api}tasks/?project={project.Id}&fields=all&page={page}&page_size={Page}") { Also = [HttpStatusCode.NotFound] }, cancellationToken);
            // There is no page after the last one, and tasks may have been deleted since it was counted.
            if (read.Status == HttpStatusCode.NotFound && page > 1) return tasks.Values;
            var list = client.Read<LabelStudioTasks>(new(HttpMethod.Get, $"{Api}tasks/"), read.Body);
            foreach (var task in list.Tasks) tasks[task.Id] = task;
            if (list.Tasks.Count == 0 || page * Page >= list.Total) return tasks.Values;
        }
    }

    static void Check(LabelStudioTask task, ShownQuestion question)
    {
        if (task.Text("prompt") != question.Prompt || task.Text("answer_a") != question.First || task.Text("answer_b") != question.Second)
            throw new InvalidDataException($"Task {task.Id} at Label Studio ({PairField} '{question.Pair}') shows other texts than were asked; expected them unchanged.");
    }

    static ToolAnswer AnswerOf(string pair, LabelStudioAnnotation annotation)
    {
        var results = (annotation.Result ?? []).Where(r => r.FromName == LabelStudioConfig.Question).ToList();
        var said = results is [{ Value: { ValueKind: JsonValueKind.Object } value }] && value.TryGetProperty("choices", out var choices) && choices is { ValueKind: JsonValueKind.Array }
            && choices.EnumerateArray().ToList() is [{ ValueKind: JsonValueKind.String } one] ? one.GetString() : null;
        var choice = (said is null ? null : ChoiceOf(said)) ?? throw new InvalidDataException(
            $"Annotation {annotation.Id} at Label Studio has '{(results.Count == 0 ? "nothing" : string.Join(", ", results.Select(r => r.Value.GetRawText())))}' for '{LabelStudioConfig.Question}'; expected one of {string.Join(", ", Choices.All)}.");
        return new(
            pair, $"{LabelingTools.LabelStudio}:{annotation.Labeler ?? $"annotation-{annotation.Id}"}", choice, annotation.CreatedAt,
            annotation.UpdatedAt ?? annotation.CreatedAt, annotation.LeadTime is >= 0 ? annotation.LeadTime : null);
    }

    // An alias goes into results in place of the text; some versions leave the text.
    static Choice? ChoiceOf(string said) => Choices.Parse(said) ?? Enum.GetValues<Choice>().Cast<Choice?>().FirstOrDefault(c => ShownChoices.Text(c!.Value) == said);

    static string? VersionOf(LabelStudioProject project) =>
        project.Description is { } text && text.StartsWith(GuidelinesMark, StringComparison.Ordinal) ? text[GuidelinesMark.Length..].Trim() : null;

    static JsonObject TaskOf(ShownQuestion question) => new()
    {
        ["data"] = new JsonObject { ["prompt"] = question.Prompt, ["answer_a"] = question.First, ["answer_b"] = question.Second, [PairField] = question.Pair },
    };
}
