using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Lint;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>Reading definitions. What is not there is 404 without a body, as in Elsa.</summary>
static class DefinitionReads
{
    public static WorkflowLibrary LibraryOf(HttpContext context) => context.RequestServices.GetRequiredService<Site>().Runtime.Library;

    public static string Part(HttpContext context, string name) => $"{context.Request.RouteValues[name]}";

    public static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public static async Task ListAsync(HttpContext context)
    {
        var query = DefinitionQuery.Of(context);
        // There are no definitions that the system has for itself, and none that nobody may change.
        var flags = Fields.OfQuery(context);
        var page = flags.Flag("isSystem") == true || flags.Flag("isReadonly") == true ? new([], 0) : await LibraryOf(context).ListAsync(query, context.RequestAborted);
        var list = new JsonObject
        {
            ["items"] = new JsonArray([.. page.Items.Select(v => DefinitionModel.Summary(context, v))]),
            ["totalCount"] = page.Total,
            ["links"] = DefinitionLinks.OfList(context),
        };
        if (LibraryOf(context).FileProblems is { Count: > 0 } problems) list["validationErrors"] = new JsonArray([.. problems.Select(p => new JsonObject { ["message"] = p })]);
        await Answers.WriteAsync(context, list);
    }

    public static async Task GetAsync(HttpContext context)
    {
        var version = await LibraryOf(context).GetAsync(Part(context, "definitionId"), DefinitionQuery.VersionOf(context) ?? VersionOptions.Latest, context.RequestAborted);
        await WriteAsync(context, version);
    }

    public static async Task GetVersionAsync(HttpContext context) => await WriteAsync(context, await FindVersionAsync(context));

    public static async Task ManyAsync(HttpContext context)
    {
        var library = LibraryOf(context);
        var page = await library.ListAsync(new() { Versions = DefinitionQuery.VersionsOf(DefinitionQuery.Listed(context, "ids")) }, context.RequestAborted);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["items"] = new JsonArray([.. page.Items.Select(v => DefinitionModel.Full(context, v, library))]),
            ["count"] = page.Items.Count,
        });
    }

    public static async Task CountAsync(HttpContext context) =>
        await Answers.WriteAsync(context, new JsonObject { ["count"] = await LibraryOf(context).CountAsync(context.RequestAborted) });

    public static async Task IsNameUniqueAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (query["name"] is not [{ Length: > 0 } name, ..]) throw new FieldException("name", "'name' is missing; expected the name to look for.");
        var isUnique = await LibraryOf(context).IsNameUniqueAsync(name, query["definitionId"] is [{ Length: > 0 } id, ..] ? id : null, context.RequestAborted);
        await Answers.WriteAsync(context, new JsonObject { ["isUnique"] = isUnique });
    }

    public static async Task VersionsAsync(HttpContext context)
    {
        var library = LibraryOf(context);
        var versions = await library.VersionsAsync(Part(context, "definitionId"), context.RequestAborted);
        if (versions.Count == 0) await NotFound(context);
        else await Answers.WriteAsync(context, new JsonObject { ["items"] = new JsonArray([.. versions.Select(v => DefinitionModel.Full(context, v, library))]) });
    }

    public static async Task ConsumersAsync(HttpContext context)
    {
        var (library, id) = (LibraryOf(context), Part(context, "definitionId"));
        if (await library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is null)
        {
            await NotFound(context);
            return;
        }
        var ids = await library.ConsumersAsync(id, context.RequestAborted);
        await Answers.WriteAsync(context, new JsonObject { ["consumingWorkflowDefinitionIds"] = new JsonArray([.. ids.Select(i => JsonValue.Create(i))]) });
    }

    /// <summary>Everything that the lint finds in a version, warnings too; no route of Elsa's.</summary>
    public static async Task FindingsAsync(HttpContext context)
    {
        var library = LibraryOf(context);
        if (await library.GetAsync(Part(context, "definitionId"), DefinitionQuery.VersionOf(context) ?? VersionOptions.Latest, context.RequestAborted) is not { } version) await NotFound(context);
        else await Answers.WriteAsync(context, new JsonObject { ["items"] = ErrorsOf(library.Lint(version), withSeverity: true), ["file"] = version.FileProblem });
    }

    /// <summary>Findings as Elsa says what is wrong where.</summary>
    public static JsonArray ErrorsOf(IEnumerable<Finding> findings, bool withSeverity = false) =>
    [
        .. findings.Select(f =>
        {
            var error = new JsonObject { ["message"] = f.Reason, ["activityId"] = f.Activity };
            if (withSeverity) error["severity"] = $"{f.Severity}";
            return error;
        }),
    ];

    /// <summary>The version with the id in the path, or null.</summary>
    public static async Task<WorkflowVersion?> FindVersionAsync(HttpContext context) =>
        DefinitionVersionId.TryParse(Part(context, "id")) is { } id ? await LibraryOf(context).FindVersionAsync(id.DefinitionId, id.Version, context.RequestAborted) : null;

    static Task WriteAsync(HttpContext context, WorkflowVersion? version) =>
        version is null ? NotFound(context) : Answers.WriteAsync(context, DefinitionModel.Full(context, version, LibraryOf(context)));
}
