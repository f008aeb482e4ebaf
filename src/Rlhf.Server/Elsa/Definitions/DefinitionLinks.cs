using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Definitions;

/// <summary>What may be done with definitions, by who asks. Studio lets a person change only what has a link for it.</summary>
static class DefinitionLinks
{
    /// <summary>Of a list.</summary>
    public static JsonArray OfList(HttpContext context) => Of(
        context,
        [
            ("/workflow-definitions", "self", "GET"), ("/workflow-definitions/validation/is-name-unique", "is-name-unique", "GET"), ("/workflow-definitions/query/count", "count", "GET"),
            ("/workflow-definitions/many-by-id", "many-by-id", "GET"),
        ],
        [
            ("/bulk-actions/delete/workflow-definitions/by-definition-id", "bulk-delete-by-definition-id", "POST"),
            ("/bulk-actions/delete/workflow-definitions/by-id", "bulk-delete-by-id", "POST"),
            ("/bulk-actions/publish/workflow-definitions/by-definition-ids", "bulk-publish", "POST"),
            ("/bulk-actions/retract/workflow-definitions/by-definition-ids", "bulk-retract", "POST"),
            ("/workflow-definitions/import", "import", "POST"), ("/workflow-definitions/import-files", "import-files", "POST"), ("/workflow-definitions", "create", "POST"),
        ]);

    /// <summary>Of a definition.</summary>
    public static JsonArray Of(HttpContext context, string id) => Of(
        context,
        [
            ($"/workflow-definitions/{id}", "self", "GET"), ($"/workflow-definitions/by-definition-id/{id}", "self", "GET"), ($"/workflow-definitions/{id}/versions", "versions", "GET"),
            ($"/workflow-definitions/{id}/export", "export", "POST"),
        ],
        [
            ($"/workflow-definitions/{id}/dispatch", "dispatch", "POST"), ($"/workflow-definitions/{id}/execute", "execute", "POST"),
            ($"/workflow-definitions/{id}/bulk-dispatch", "bulk-dispatch", "POST"), ($"/workflow-definitions/{id}/publish", "publish", "POST"),
            ($"/workflow-definitions/{id}/retract", "retract", "POST"), ($"/workflow-definitions/{id}", "delete", "DELETE"), ($"/workflow-definitions/{id}/import", "import", "PUT"),
            ($"/workflow-definitions/{id}/update-references", "update-references", "POST"),
        ]);

    static JsonArray Of(HttpContext context, (string Href, string Rel, string Method)[] reading, (string Href, string Rel, string Method)[] changing)
    {
        var links = Caller.Of(context) is { } caller && Permissions.Of(caller.Role).Contains(Permission.Operate) ? reading.Concat(changing) : reading;
        return [.. links.Select(l => new JsonObject { ["href"] = l.Href, ["rel"] = l.Rel, ["method"] = l.Method })];
    }
}
