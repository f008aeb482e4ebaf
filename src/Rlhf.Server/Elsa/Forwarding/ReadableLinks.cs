using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Access;

namespace Rlhf.Server.Elsa.Forwarding;

/// <summary>
/// An Elsa server names in <c>links</c> what its caller may do, and its caller is this server, which may do everything. Who may only see here gets the links of reading alone:
/// Studio lets a person change only what has a link for it.
/// </summary>
static class ReadableLinks
{
    const string Links = "links";

    /// <summary>True for an answer that may have links that are not for who asks. What is saved as a file has none.</summary>
    public static bool Concern(HttpContext context, HttpResponseMessage answer) =>
        answer is { IsSuccessStatusCode: true, Content.Headers: { ContentType.MediaType: "application/json", ContentDisposition: null } }
        && context.Request.Path.StartsWithSegments($"{ElsaApi.Prefix}/workflow-definitions")
        && Caller.Of(context) is { } caller && !Permissions.Of(caller.Role).Contains(Permission.Operate);

    /// <summary>Writes the answer with the links of reading alone.</summary>
    public static async Task WriteAsync(HttpContext context, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var document = await JsonSerializer.DeserializeAsync<JsonNode>(await answer.Content.ReadAsStreamAsync(cancellationToken), Replies.Options, cancellationToken);
        Restrict(document);
        foreach (var item in document?["items"] as JsonArray ?? []) Restrict(item);
        await Replies.WriteAsync(context, document!, (int)answer.StatusCode);
    }

    static void Restrict(JsonNode? document)
    {
        if (document is not JsonObject holder || holder[Links] is not JsonArray links) return;
        holder[Links] = new JsonArray([.. links.Where(l => $"{l?["method"]}" == "GET" || $"{l?["rel"]}" == "export").Select(l => l?.DeepClone())]);
    }
}
