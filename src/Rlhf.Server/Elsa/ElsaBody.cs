using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Rlhf.Server.Hosting;

namespace Rlhf.Server.Elsa;

/// <summary>Bodies of requests as Elsa takes them.</summary>
static class ElsaBody
{
    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The body, or null where it was answered that it is none, under the member where it broke off.</summary>
    /// <exception cref="ArgumentException">It is JSON, but not of that form.</exception>
    public static async Task<T?> ReadAsync<T>(HttpContext context) where T : class
    {
        if (!context.Request.HasJsonContentType()) throw new ArgumentException($"The body is '{context.Request.ContentType}'; expected application/json.");
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted);
        try
        {
            CheckTexts(bytes.ToArray());
            // Read whole first: a member that stands twice is found only by that.
            using var document = JsonDocument.Parse(bytes.ToArray(), Strict);
        }
        catch (JsonException e)
        {
            var path = PathOf(bytes.ToArray());
            await ElsaErrors.WriteAsync(context, StatusCodes.Status400BadRequest, $"The body is not what was expected: {e.Message}", path.Length > 0 ? path : ElsaErrors.General);
            return null;
        }
        context.Request.Body = new MemoryStream(bytes.ToArray());
        // As in Elsa: a newer Studio may say more than is known here.
        return await Answers.ReadAsync<T>(context, isLenient: true);
    }

    /// <summary>JSON may hold what no text is: half of a pair of UTF-16, or bytes that are no UTF-8. Read lazily, it would be found in the middle of a change.</summary>
    /// <exception cref="ArgumentException">It holds such a one.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static void CheckTexts(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) _ = reader.GetString();
            }
        }
        catch (InvalidOperationException e)
        {
            throw new ArgumentException($"The body holds a text that is none, at byte {reader.TokenStartIndex}: {e.Message}", e);
        }
    }

    /// <summary>The list of a body, every item of which has to be there.</summary>
    /// <exception cref="ArgumentException">One is null.</exception>
    public static IReadOnlyList<string> Checked(IReadOnlyList<string?> list, string name) =>
        list.Any(i => i is null) ? throw new FieldException(name, $"'{name}' holds null; expected texts.") : [.. list.OfType<string>()];

    /// <summary>The members in which a text that is no JSON breaks off.</summary>
    static string PathOf(byte[] utf8)
    {
        var names = new Stack<string>();
        try
        {
            var reader = new Utf8JsonReader(utf8);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    while (names.Count >= reader.CurrentDepth) names.Pop();
                    names.Push(reader.GetString()!);
                }
                else if (reader.TokenType is JsonTokenType.EndObject)
                {
                    while (names.Count > reader.CurrentDepth) names.Pop();
                }
            }
        }
        catch (JsonException)
        {
            // As far as it went.
        }
        return string.Join('.', names.Reverse());
    }
}
