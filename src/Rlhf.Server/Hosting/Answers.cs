using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Rlhf.Server.Elsa;

namespace Rlhf.Server.Hosting;

/// <summary>JSON in and out. An error is one sentence, in the shape that callers of that path know.</summary>
static partial class Answers
{
    static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        NumberHandling = JsonNumberHandling.Strict,
    };

    static readonly JsonSerializerOptions Lenient = new(Strict) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip };

    /// <summary>The body of a request.</summary>
    /// <param name="isLenient">True where names that are not known here are passed over.</param>
    /// <exception cref="ArgumentException">It is no JSON of that form.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, bool isLenient = false)
    {
        if (!context.Request.HasJsonContentType()) throw new ArgumentException($"The body is '{context.Request.ContentType}'; expected application/json.");
        try
        {
            return await JsonSerializer.DeserializeAsync<T>(context.Request.Body, isLenient ? Lenient : Strict, context.RequestAborted)
                ?? throw new ArgumentException("The body is null; expected an object.");
        }
        catch (JsonException e)
        {
            var sentence = $"The body is not what was expected: {Said(e)}";
            throw e.Path is { Length: > 2 } path ? new FieldException(path[2..], sentence, e) : new ArgumentException(sentence, e);
        }
    }

    /// <summary>What is wrong, without the names of types that whoever sent it has never seen.</summary>
    static string Said(JsonException e)
    {
        var where = e.Path is { Length: > 2 } path ? $"'{path[2..]}'" : "it";
        if (Missing().Match(e.Message) is { Success: true } missing) return $"{missing.Groups[1].Value} is missing.";
        if (Unknown().Match(e.Message) is { Success: true } unknown) return $"'{unknown.Groups[1].Value}' is not known here.";
        return e.Message.Contains("could not be converted", StringComparison.Ordinal) ? $"{where} is of another type than expected."
            : e.Message.Contains("doesn't allow null", StringComparison.Ordinal) ? $"{where} is null; expected a value."
            : e.Message;
    }

    [GeneratedRegex(@"missing required properties including: (.+?)\.")]
    private static partial Regex Missing();

    [GeneratedRegex(@"^The JSON property '(.+?)' could not be mapped")]
    private static partial Regex Unknown();

    /// <summary>The form of a request.</summary>
    /// <param name="expected">What was expected, for people.</param>
    /// <exception cref="ArgumentException">It is none, or breaks off.</exception>
    public static async Task<IFormCollection> ReadFormAsync(HttpContext context, string expected)
    {
        if (!context.Request.HasFormContentType) throw new ArgumentException($"The body is '{context.Request.ContentType}'; expected {expected}.");
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        // A body that is too long is said by the server itself.
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new ArgumentException($"The form cannot be read: {e.Message}", e);
        }
    }

    public static Task WriteAsync(HttpContext context, JsonNode document) =>
        context.Response.WriteAsJsonAsync(document, cancellationToken: context.RequestAborted);

    /// <param name="about">The field of the request that it is about, where the shape has a place for that.</param>
    public static Task ErrorAsync(HttpContext context, int status, string sentence, string about = ElsaErrors.General)
    {
        if (context.RequestServices.GetService<IErrorForm>() is { } form) return form.WriteAsync(context, status, sentence);
        if (ElsaApi.Holds(context.Request.Path)) return ElsaErrors.WriteAsync(context, status, sentence, about);
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new JsonObject { ["error"] = sentence }, cancellationToken: context.RequestAborted);
    }
}
