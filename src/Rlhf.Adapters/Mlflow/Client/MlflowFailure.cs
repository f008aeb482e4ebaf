using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rlhf.Adapters.Mlflow;

/// <summary>
/// Error answers, in all the forms they have: MLflow's JSON, plain text of what stands before it, HTML of an unknown route, a redirect.
/// </summary>
static partial class MlflowFailure
{
    const int LongestMessage = 1000;

    /// <summary>The error that the answer tells of, or null where it tells of none.</summary>
    public static async Task<MlflowException?> OfAsync(MlflowRequest request, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.IsSuccessStatusCode) return null;
        var status = answer.StatusCode;
        if ((int)status is >= 300 and < 400) return Redirected(request, answer);
        var (code, message) = Parse(Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(cancellationToken)));
        if (code is null && request.Needs is { } needed && status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
            return new(request, MlflowErrors.NotSupportedHere, $"this server does not know {needed}; they need MLflow 3.", status: status) { Permanent = true };
        var passes = MayPass(status, code);
        return new(request, code ?? CodeOf(status), message, status: status)
        {
            Permanent = !passes,
            MayHaveSucceeded = passes && status != HttpStatusCode.TooManyRequests && request.Method != HttpMethod.Get,
        };
    }

    /// <summary>An answer that is not MLflow's, though its status says success.</summary>
    public static MlflowException NotMlflow(MlflowRequest request, HttpStatusCode status, string body) => new(
        request, MlflowErrors.NotMlflow, $"the answer is not MLflow's: '{Plain(body, 200)}'. Does MLFLOW_TRACKING_URI name the server itself, and is a login needed?",
        status: status)
    { Permanent = true };

    /// <summary>An answer in MLflow's form without what it must hold.</summary>
    public static MlflowException Unexpected(MlflowRequest request, string what, HttpStatusCode? status = null, Exception? inner = null) =>
        new(request, MlflowErrors.NotMlflow, what, inner, status) { Permanent = true, MayHaveSucceeded = request.Method != HttpMethod.Get };

    static MlflowException Redirected(MlflowRequest request, HttpResponseMessage answer)
    {
        // Never the query or a user: a login's often hold secrets.
        var target = answer.Headers.Location is { IsAbsoluteUri: true } at
            ? at.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : answer.Headers.Location?.OriginalString.Split('?')[0];
        return new(request, MlflowErrors.NotMlflow,
            $"a redirect to '{target}' where an answer was expected. Does MLFLOW_TRACKING_URI name the server itself, and is a login needed?",
            status: answer.StatusCode)
        { Permanent = true };
    }

    // MLflow says 500 for some of what stays so; its code tells.
    static bool MayPass(HttpStatusCode status, string? code) => (int)status switch
    {
        500 => code is null || MlflowErrors.MayPass(code),
        408 or 429 or 502 or 503 or 504 => true,
        _ => false,
    };

    static string CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => MlflowErrors.Unauthenticated,
        HttpStatusCode.Forbidden => MlflowErrors.PermissionDenied,
        HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => MlflowErrors.NoSuchRoute,
        _ => $"HTTP_{(int)status}",
    };

    static (string? Code, string Message) Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error_code", out var code))
                return (code.ToString(), Plain(json.RootElement.TryGetProperty("message", out var message) ? message.ToString() : "(no message)", LongestMessage));
        }
        catch (JsonException)
        {
            // Not MLflow's own answer: plain text or HTML.
        }
        return (null, body.Trim().Length == 0 ? "(an empty answer)" : Plain(body, LongestMessage));
    }

    static string Plain(string text, int longest)
    {
        if (text.TrimStart().StartsWith('<')) text = WebUtility.HtmlDecode(Tags().Replace(Unseen().Replace(text, " "), " "));
        text = Space().Replace(text, " ").Trim();
        return text.Length <= longest ? text : text[..longest] + "…";
    }

    [GeneratedRegex("<(script|style)\\b.*?</\\1>", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Unseen();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
