using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;
using static Rlhf.Server.Elsa.Definitions.DefinitionReads;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>The same for several definitions, one after the other.</summary>
static class DefinitionBulk
{
    sealed record DefinitionsBody(IReadOnlyList<string?> DefinitionIds);

    sealed record VersionsBody(IReadOnlyList<string?> Ids);

    public static async Task PublishAsync(HttpContext context)
    {
        if (await ElsaBody.ReadAsync<DefinitionsBody>(context) is not { } body) return;
        var (published, already, missing, failed, warnings) = (new JsonArray(), new JsonArray(), new JsonArray(), new JsonArray(), new JsonObject());
        foreach (var id in ElsaBody.Checked(body.DefinitionIds, "definitionIds").Distinct())
        {
            try
            {
                var result = await LibraryOf(context).PublishAsync(id, context.RequestAborted);
                if (result?.IsRefused == true) Fail(id, string.Join(" ", result.Findings.Select(f => $"'{f.Activity}': {f.Reason}.")));
                else (result is null ? missing : result.AlreadyPublished ? already : published).Add(id);
            }
            catch (LibraryConflictException e)
            {
                Fail(id, e.Message);
            }
        }
        await Answers.WriteAsync(context, new JsonObject
        {
            ["published"] = published,
            ["alreadyPublished"] = already,
            ["notFound"] = missing,
            ["skipped"] = new JsonArray(),
            ["updatedConsumers"] = new JsonArray(),
            ["failed"] = failed,
            ["warnings"] = warnings,
        });

        void Fail(string id, string reason)
        {
            failed.Add(id);
            warnings[id] = reason;
        }
    }

    public static async Task RetractAsync(HttpContext context)
    {
        if (await ElsaBody.ReadAsync<DefinitionsBody>(context) is not { } body) return;
        var (retracted, already, missing) = (new JsonArray(), new JsonArray(), new JsonArray());
        foreach (var id in ElsaBody.Checked(body.DefinitionIds, "definitionIds").Distinct())
        {
            if (await LibraryOf(context).RetractAsync(id, context.RequestAborted) is not null) retracted.Add(id);
            else (await LibraryOf(context).GetAsync(id, VersionOptions.Latest, context.RequestAborted) is null ? missing : already).Add(id);
        }
        await Answers.WriteAsync(context, new JsonObject
        {
            ["retracted"] = retracted,
            ["alreadyRetracted"] = already,
            // The same by the name that it had before.
            ["notPublished"] = already.DeepClone(),
            ["notFound"] = missing,
            ["skipped"] = new JsonArray(),
            ["updatedConsumers"] = new JsonArray(),
        });
    }

    public static async Task DeleteAsync(HttpContext context)
    {
        if (await ElsaBody.ReadAsync<DefinitionsBody>(context) is not { } body) return;
        await DeleteAsync(context, ElsaBody.Checked(body.DefinitionIds, "definitionIds"), id => LibraryOf(context).DeleteAsync(id, context.RequestAborted));
    }

    public static async Task DeleteVersionsAsync(HttpContext context)
    {
        if (await ElsaBody.ReadAsync<VersionsBody>(context) is not { } body) return;
        await DeleteAsync(context, ElsaBody.Checked(body.Ids, "ids"), async text =>
            DefinitionVersionId.TryParse(text) is { } id && await LibraryOf(context).DeleteVersionAsync(id.DefinitionId, id.Version, context.RequestAborted));
    }

    static async Task DeleteAsync(HttpContext context, IEnumerable<string> ids, Func<string, Task<bool>> delete)
    {
        var (deleted, refused) = (new List<string>(), new List<string>());
        foreach (var id in ids.Distinct())
        {
            try
            {
                if (await delete(id)) deleted.Add(id);
            }
            catch (LibraryConflictException e)
            {
                refused.Add(e.Message);
            }
        }
        if (refused.Count == 0) await Answers.WriteAsync(context, new JsonObject { ["deleted"] = deleted.Count });
        else await ElsaErrors.WriteAsync(context, StatusCodes.Status409Conflict, $"{string.Join(" ", refused)} Deleted: {(deleted.Count == 0 ? "none" : string.Join(", ", deleted))}.");
    }
}
