using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Library;
using Rlhf.Runtime.Lint;
using Rlhf.Server.Hosting;
using static Rlhf.Server.Elsa.Definitions.DefinitionReads;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>Saving, publishing, retracting, reverting and deleting.</summary>
static class DefinitionChanges
{
    /// <summary>What a save sends. A publish that is null is none, as Studio creates definitions.</summary>
    sealed record SaveBody(JsonObject Model, bool? Publish = null);

    public static async Task SaveAsync(HttpContext context)
    {
        var library = LibraryOf(context);
        if (await ElsaBody.ReadAsync<SaveBody>(context) is not { } body) return;
        var basis = BasisOf(body.Model);
        InputDefaults.Take(body.Model);
        if (body.Publish == true) await AnswerAsync(context, await library.SaveAndPublishAsync(body.Model, basis, context.RequestAborted));
        else await AnswerAsync(context, new(await library.SaveAsync(body.Model, basis, context.RequestAborted), false, []));
    }

    public static async Task PublishAsync(HttpContext context)
    {
        if (await LibraryOf(context).PublishAsync(Part(context, "definitionId"), context.RequestAborted) is { } result) await AnswerAsync(context, result);
        else await NotFound(context);
    }

    public static async Task RetractAsync(HttpContext context)
    {
        var (library, id) = (LibraryOf(context), Part(context, "definitionId"));
        if (await library.RetractAsync(id, context.RequestAborted) is { } version) await Answers.WriteAsync(context, DefinitionModel.Full(context, version, library));
        else if (await library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is null) await NotFound(context);
        else await ElsaErrors.WriteAsync(context, StatusCodes.Status400BadRequest, $"'{id}' has no published version; expected one to retract.");
    }

    public static async Task RevertAsync(HttpContext context)
    {
        if (NumberOf(context) is not { } number)
        {
            await NoNumberAsync(context);
            return;
        }
        if (await LibraryOf(context).RevertAsync(Part(context, "definitionId"), number, context.RequestAborted) is not { } draft)
        {
            await NotFound(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"{ElsaApi.Prefix}/workflow-definitions/by-id/{DefinitionModel.IdOf(draft)}";
        var summary = DefinitionModel.Summary(context, draft);
        summary.Remove("links");
        await Answers.WriteAsync(context, summary);
    }

    /// <summary>Workflows dispatch one another by the id of the definition, never by a version: there is nothing to update.</summary>
    public static async Task UpdateReferencesAsync(HttpContext context)
    {
        if (await LibraryOf(context).GetAsync(Part(context, "definitionId"), VersionOptions.Latest, context.RequestAborted) is null) await NotFound(context);
        else await Answers.WriteAsync(context, new JsonObject { ["affectedWorkflows"] = new JsonArray() });
    }

    public static async Task DeleteAsync(HttpContext context) =>
        Deleted(context, await LibraryOf(context).DeleteAsync(Part(context, "definitionId"), context.RequestAborted));

    public static async Task DeleteVersionAsync(HttpContext context)
    {
        if (NumberOf(context) is not { } number) await NoNumberAsync(context);
        else if (!await LibraryOf(context).DeleteVersionAsync(Part(context, "definitionId"), number, context.RequestAborted)) await NotFound(context);
    }

    public static async Task DeleteByIdAsync(HttpContext context) =>
        Deleted(context, DefinitionVersionId.TryParse(Part(context, "id")) is { } id && await LibraryOf(context).DeleteVersionAsync(id.DefinitionId, id.Version, context.RequestAborted));

    /// <summary>Looks at the files, as every reading does too, and says which of the definitions that are named, or of all, are there.</summary>
    public static async Task RefreshAsync(HttpContext context)
    {
        var named = (await Fields.ReadAsync(context)).Texts("definitionIds");
        await LibraryOf(context).LookAsync(context.RequestAborted);
        var there = (await LibraryOf(context).ListAsync(new() { Options = VersionOptions.Latest, DefinitionIds = named }, context.RequestAborted)).Items.Select(v => v.DefinitionId).ToList();
        await Answers.WriteAsync(context, new JsonObject
        {
            ["refreshed"] = new JsonArray([.. there.Select(i => JsonValue.Create(i))]),
            ["notFound"] = new JsonArray([.. (named ?? []).Distinct().Except(there).Select(i => JsonValue.Create(i))]),
        });
    }

    /// <summary>Looks at the files.</summary>
    public static Task ReloadAsync(HttpContext context) => LibraryOf(context).LookAsync(context.RequestAborted);

    static void Deleted(HttpContext context, bool isDone) => context.Response.StatusCode = isDone ? StatusCodes.Status204NoContent : StatusCodes.Status404NotFound;

    static async Task AnswerAsync(HttpContext context, PublishResult result)
    {
        if (result.IsRefused)
        {
            await RefuseAsync(context, result.Findings);
            return;
        }
        var (library, version) = (LibraryOf(context), result.Version!);
        await Answers.WriteAsync(context, new JsonObject
        {
            ["workflowDefinition"] = DefinitionModel.Full(context, version, library),
            ["alreadyPublished"] = result.AlreadyPublished,
            // Whoever dispatches this definition takes what is published when it does.
            ["consumingWorkflowCount"] = 0,
            ["validationErrors"] = ErrorsOf(result.Findings),
        });
    }

    /// <summary>
    /// What Elsa publishes all the same is refused here, so it cannot be a success: Studio says "published" to every one of those, and shows the sentences of an error.
    /// </summary>
    static async Task RefuseAsync(HttpContext context, IReadOnlyList<Finding> findings)
    {
        var wrong = findings.Where(f => f.Severity == Severity.Error).ToList();
        var errors = wrong.GroupBy(f => f.Activity).Select(g => KeyValuePair.Create(g.Key.Length > 0 ? g.Key : ElsaErrors.General, (JsonNode?)new JsonArray([.. g.Select(f => JsonValue.Create($"'{f.Activity}': {f.Reason}."))])));
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        await context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["statusCode"] = StatusCodes.Status400BadRequest,
                ["message"] = "The workflow was not published.",
                ["errors"] = new JsonObject(errors),
                ["validationErrors"] = ErrorsOf(wrong),
            }, options: null, contentType: "application/problem+json", cancellationToken: context.RequestAborted);
    }

    /// <summary>What the editor had, as the id of its model says; null for a new definition, and for an id that is not of this server.</summary>
    static DraftBasis? BasisOf(JsonObject model)
    {
        if (model["id"] is not JsonValue value || !value.TryGetValue<string>(out var text) || DefinitionVersionId.TryParse(text) is not { } id) return null;
        return id.DefinitionId == model["definitionId"]?.ToString() ? new(id.Version, id.Revision) : null;
    }

    static Task NoNumberAsync(HttpContext context) =>
        ElsaErrors.WriteAsync(context, StatusCodes.Status400BadRequest, $"'version' is '{Fields.Shown(Part(context, "version"))}'; expected the number of a version.", "version");

    static int? NumberOf(HttpContext context) => int.TryParse(Part(context, "version"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
