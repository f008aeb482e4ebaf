using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.Elsa;

/// <summary>Elsa's shape of an error: problem details with the sentences by the name of what they are about.</summary>
static class ElsaErrors
{
    /// <summary>The name of what is about the request as a whole.</summary>
    public const string General = "generalErrors";

    public static Task WriteAsync(HttpContext context, int status, string sentence, string about = General)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new JsonObject { ["statusCode"] = status, ["message"] = "One or more errors occurred!", ["errors"] = new JsonObject { [about] = new JsonArray(sentence) } },
            options: null, contentType: "application/problem+json", cancellationToken: context.RequestAborted);
    }
}
