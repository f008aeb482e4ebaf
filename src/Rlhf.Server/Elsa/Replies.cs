using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Rlhf.Server.Elsa;

/// <summary>Answers in the forms that Elsa gives them.</summary>
static class Replies
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        // Values that scripts made may be deep.
        MaxDepth = 512,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    public static Task WriteAsync(HttpContext context, JsonNode document, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(document, Options, contentType: "application/json", context.RequestAborted);
    }

    /// <summary>A list as a whole, with how many there are.</summary>
    public static Task ListAsync(HttpContext context, IEnumerable<JsonNode> items)
    {
        var all = new JsonArray([.. items]);
        return WriteAsync(context, new JsonObject { ["items"] = all, ["count"] = all.Count });
    }

    /// <summary>Nothing but the status.</summary>
    public static Task EmptyAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public static Task NotFoundAsync(HttpContext context) => EmptyAsync(context, StatusCodes.Status404NotFound);

    /// <summary>A time as Elsa writes it.</summary>
    public static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A part of the path.</summary>
    public static string Part(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;
}
