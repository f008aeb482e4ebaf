using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Rlhf.Runtime.Library;
using Rlhf.Server.Hosting;
using static Rlhf.Server.Elsa.Definitions.DefinitionReads;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>Definitions in and out, as files of Elsa's.</summary>
static class DefinitionFiles
{
    const int MostFiles = 100;

    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };

    static readonly JsonSerializerOptions Strict = new() { AllowDuplicateProperties = false };

    sealed record ExportBody(IReadOnlyList<string?> Ids, bool? IncludeConsumingWorkflows = null);

    public static async Task ExportAsync(HttpContext context)
    {
        var (library, id) = (LibraryOf(context), Part(context, "definitionId"));
        var options = DefinitionQuery.VersionOf(context) ?? VersionOptions.Latest;
        if (await library.GetAsync(id, options, context.RequestAborted) is not { } version)
        {
            await NotFound(context);
            return;
        }
        var withConsumers = string.Equals(context.Request.Query["includeConsumingWorkflows"], "true", StringComparison.OrdinalIgnoreCase);
        if (withConsumers) await ZipAsync(context, await WithConsumersAsync(context, [version]));
        else await SendAsync(context, NameOf(version), Encoding.UTF8.GetBytes(TextOf(version)));
    }

    public static async Task ExportManyAsync(HttpContext context)
    {
        if ((HttpMethods.IsGet(context.Request.Method) ? new([.. context.Request.Query["ids"]]) : await ElsaBody.ReadAsync<ExportBody>(context)) is not { } body) return;
        if (body.Ids.Count == 0) throw new FieldException("ids", "'ids' is empty; expected ids of versions.");
        var page = await LibraryOf(context).ListAsync(new() { Versions = DefinitionQuery.VersionsOf(ElsaBody.Checked(body.Ids, "ids")) }, context.RequestAborted);
        if (page.Items.Count == 0) await NotFound(context);
        else await ZipAsync(context, body.IncludeConsumingWorkflows == true ? await WithConsumersAsync(context, page.Items) : page.Items);
    }

    public static async Task ImportAsync(HttpContext context)
    {
        var (library, id) = (LibraryOf(context), context.Request.RouteValues["definitionId"] as string);
        if (await ElsaBody.ReadAsync<JsonObject>(context) is not { } model) return;
        InputDefaults.Take(model);
        var isNamed = id is not null || model["definitionId"]?.ToString() is { Length: > 0 };
        var version = await library.ImportAsync(model, id, context.RequestAborted);
        if (!isNamed)
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = $"{ElsaApi.Prefix}/workflow-definitions/by-definition-id/{version.DefinitionId}";
        }
        await Answers.WriteAsync(context, DefinitionModel.Full(context, version, library));
    }

    public static async Task ImportFilesAsync(HttpContext context)
    {
        var form = await Answers.ReadFormAsync(context, "multipart/form-data with files");
        // All are read before one is kept, so that a broken one leaves nothing behind.
        var models = form.Files.SelectMany(f => ModelsIn(f.FileName, f.OpenReadStream())).ToList();
        if (models.Count == 0) throw new ArgumentException("The form has no files; expected .json or .zip.");
        foreach (var model in models)
        {
            InputDefaults.Take(model);
            WorkflowLibrary.Check(model);
        }
        foreach (var model in models) await LibraryOf(context).ImportAsync(model, null, context.RequestAborted);
        await Answers.WriteAsync(context, new JsonObject { ["count"] = models.Count });
    }

    static IEnumerable<JsonObject> ModelsIn(string name, Stream stream)
    {
        if (!name.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)) return [ModelIn(name, stream)];
        try
        {
            using var whole = new MemoryStream();
            stream.CopyTo(whole); // no longer than the request
            using var zip = new ZipArchive(whole, ZipArchiveMode.Read);
            if (zip.Entries.Count > MostFiles) throw new ArgumentException($"'{name}' holds {zip.Entries.Count} files; expected at most {MostFiles}.");
            return [.. zip.Entries.Where(e => e.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)).Select(e => ModelIn($"{name}/{e.Name}", e.Open()))];
        }
        catch (InvalidDataException e)
        {
            throw new ArgumentException($"'{name}' is no zip archive: {e.Message}", e);
        }
    }

    static JsonObject ModelIn(string name, Stream stream)
    {
        using var limited = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = stream.Read(buffer)) > 0; limited.Write(buffer, 0, read))
        {
            if (limited.Length + read > ElsaApi.LongestBody) throw new ArgumentException($"'{name}' is longer than {ElsaApi.LongestBody} bytes.");
        }
        try
        {
            ElsaBody.CheckTexts(limited.ToArray());
            return JsonSerializer.Deserialize<JsonObject>(limited.ToArray(), Strict)
                ?? throw new ArgumentException($"'{name}' is null; expected a definition.");
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{name}' is no JSON object: {e.Message}", e);
        }
    }

    static async Task<IReadOnlyList<WorkflowVersion>> WithConsumersAsync(HttpContext context, IReadOnlyList<WorkflowVersion> versions)
    {
        var (library, all) = (LibraryOf(context), versions.ToList());
        for (var i = 0; i < all.Count; i++)
        {
            foreach (var id in await library.ConsumersAsync(all[i].DefinitionId, context.RequestAborted))
            {
                if (all.All(v => v.DefinitionId != id) && await library.GetAsync(id, VersionOptions.Latest, context.RequestAborted) is { } consumer) all.Add(consumer);
            }
        }
        return all;
    }

    static async Task ZipAsync(HttpContext context, IReadOnlyList<WorkflowVersion> versions)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var version in versions)
            {
                using var entry = zip.CreateEntry(NameOf(version)).Open();
                await entry.WriteAsync(Encoding.UTF8.GetBytes(TextOf(version)), context.RequestAborted);
            }
        }
        await SendAsync(context, "workflow-definitions.zip", bytes.ToArray());
    }

    static async Task SendAsync(HttpContext context, string name, byte[] bytes)
    {
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name);
        context.Response.Headers.ContentDisposition = disposition.ToString();
        context.Response.ContentType = "application/octet-stream";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    static string TextOf(WorkflowVersion version) => DefinitionModel.Exported(version).ToJsonString(Readable);

    static string NameOf(WorkflowVersion version)
    {
        var words = string.Concat(version.Name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return $"workflow-definition-{words}-{version.DefinitionId}-{version.Version}.json";
    }
}
