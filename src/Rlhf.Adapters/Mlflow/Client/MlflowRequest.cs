using System.Text;
using System.Text.Json;

namespace Rlhf.Adapters.Mlflow;

/// <summary>One request, as often as it is sent: the path without its leading slash, already escaped.</summary>
sealed record MlflowRequest(HttpMethod Method, string Path)
{
    /// <summary>Keys and values, not escaped; a value that is null is left out.</summary>
    public IReadOnlyList<(string Key, string? Value)> Query { get; init; } = [];

    /// <summary>Sent as JSON unless <see cref="Content"/> is given.</summary>
    public object? Body { get; init; }

    /// <summary>Makes the content of one try.</summary>
    public Func<HttpContent>? Content { get; init; }

    /// <summary>
    /// Sent twice it makes two, or fails the second time; so it is not sent again once it may have been carried out.
    /// </summary>
    public bool Once { get; init; }

    /// <summary>What is asked for may be gone by an earlier try of this same request; then it is done.</summary>
    public bool GoneIsDone { get; init; }

    /// <summary>What the server must have for it, where older ones have no such route.</summary>
    public string? Needs { get; init; }

    public HttpRequestMessage Message(Uri address)
    {
        var content = Content is not null ? Content() : Body is null ? null : Json(Body);
        return new(Method, new Uri(address, Path + QueryText())) { Content = content };
    }

    // A whole body with its length: some servers and proxies refuse chunks.
    static ByteArrayContent Json(object body)
    {
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, MlflowJson.Options));
        content.Headers.ContentType = new("application/json");
        return content;
    }

    string QueryText()
    {
        var text = new StringBuilder();
        foreach (var (key, value) in Query)
            if (value is not null) text.Append(text.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(value));
        return text.ToString();
    }
}
