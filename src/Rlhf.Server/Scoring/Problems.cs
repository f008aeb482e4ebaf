using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Scoring;

/// <summary>An error as a problem document (RFC 9457): a sentence in <c>detail</c>.</summary>
sealed class Problems : IErrorForm
{
    public Task WriteAsync(HttpContext context, int status, string sentence) => WriteAsync(context, status, sentence, null);

    /// <param name="kind">What went wrong, for programs; null where the status says it.</param>
    public static Task WriteAsync(HttpContext context, int status, string sentence, string? kind)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new JsonObject { ["type"] = kind is null ? "about:blank" : $"urn:rlhf:scoring:{kind}", ["title"] = kind ?? Title(status), ["status"] = status, ["detail"] = sentence },
            options: null, contentType: "application/problem+json", cancellationToken: context.RequestAborted);
    }

    static string Title(int status) => Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
}
