using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Runtime.Instances;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa.Instances;

/// <summary>Instances as files: one by itself, several in an archive, with what the request asks for beside the state.</summary>
static class InstanceExport
{
    /// <summary>Instances that one archive may hold.</summary>
    const int Most = 1000;

    public static async Task ExportAsync(HttpContext context) => await ExportOneAsync(context, Replies.Part(context, "id"), await AskedAsync(context));

    /// <summary>Those of several that are there; one alone has to be.</summary>
    public static async Task ExportManyAsync(HttpContext context)
    {
        var fields = await AskedAsync(context);
        var ids = (fields.Texts("ids") ?? throw new FieldException("ids", "'ids' is missing; expected the ids of instances.")).Distinct(StringComparer.Ordinal).ToList();
        if (ids.Count > Most) throw new FieldException("ids", $"'ids' has {ids.Count} ids; expected at most {Most}.");
        if (ids is [var only])
        {
            await ExportOneAsync(context, only, fields);
            return;
        }
        var count = 0;
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var id in ids)
            {
                if (await FindAsync(context, id) is not { } record) continue;
                await using var file = zip.CreateEntry(NameOf(record)).Open();
                await file.WriteAsync(await TextOfAsync(context, record, fields), context.RequestAborted);
                count++;
            }
        }
        if (count == 0) await Replies.EmptyAsync(context, StatusCodes.Status204NoContent);
        else await SendAsync(context, "workflow-instances.zip", archive.ToArray());
    }

    static async Task ExportOneAsync(HttpContext context, string id, Fields fields)
    {
        if (await FindAsync(context, id) is { } record) await SendAsync(context, NameOf(record), await TextOfAsync(context, record, fields));
        else await Replies.NotFoundAsync(context);
    }

    // What is to be in it stands in the query, or in the body of a POST.
    static async Task<Fields> AskedAsync(HttpContext context)
    {
        var query = Fields.OfQuery(context);
        return HttpMethods.IsGet(context.Request.Method) ? query : (await Fields.ReadAsync(context)).Joined(query);
    }

    static async Task<byte[]> TextOfAsync(HttpContext context, InstanceRecord record, Fields asked)
    {
        var people = await InstanceApi.PeopleAsync(context, record);
        var state = InstanceShapes.State(record, people);
        var exported = new JsonObject
        {
            ["WorkflowState"] = state,
            ["Bookmarks"] = asked.Flag("includeBookmarks") == true ? state["bookmarks"]!.DeepClone() : null,
            ["ActivityExecutionRecords"] = asked.Flag("includeActivityExecutionLog") == true ? new JsonArray([.. ActivityRun.AllOf(record, people).Select(RunShapes.Full)]) : null,
            ["WorkflowExecutionLogRecords"] = asked.Flag("includeWorkflowExecutionLog") == true ? new JsonArray([.. JournalShapes.Of(record, people).Select(l => l.ToJson())]) : null,
        };
        return Encoding.UTF8.GetBytes(exported.ToJsonString());
    }

    static async Task SendAsync(HttpContext context, string name, byte[] bytes)
    {
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.ContentDisposition = $"attachment; filename={name}; filename*=UTF-8''{name}";
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    static string NameOf(InstanceRecord record) => $"workflow-instance-{record.Summary.Id}.json";

    static Task<InstanceRecord?> FindAsync(HttpContext context, string id) =>
        context.RequestServices.GetRequiredService<Site>().Runtime.Instances.FindAsync(id, context.RequestAborted);
}
