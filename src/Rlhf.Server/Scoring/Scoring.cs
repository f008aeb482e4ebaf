using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Rlhf.Server.Scoring;

/// <summary>What all requests for scores share.</summary>
static class Scoring
{
    static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    /// <exception cref="ArgumentException">There are none, or too many.</exception>
    public static void CheckCount(HttpContext context, int texts)
    {
        var most = context.RequestServices.GetRequiredService<ScoringOptions>().MostTexts;
        if (texts < 1 || texts > most) throw new ArgumentException($"The request has {texts} texts; expected 1 to {most}.");
    }

    public static async Task WriteAsync<T>(HttpContext context, T answer)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(answer, Web);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }
}
