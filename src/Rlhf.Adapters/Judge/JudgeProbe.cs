using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Adapters.Judge;

/// <summary>Whether an endpoint can be asked, found out without paying for an answer.</summary>
public static class JudgeProbe
{
    static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    /// <summary>A sentence about the endpoint, by the models that it lists.</summary>
    /// <exception cref="IOException">It cannot be reached, refuses access, or does not have the model.</exception>
    public static async Task<string> LookAsync(JudgeSettings settings, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Longest };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{settings.Address.AbsoluteUri.TrimEnd('/')}/models");
        if (settings.Key is { } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using var answer = await http.SendAsync(request, cancellationToken);
            // Some endpoints list nothing; whether they know the model is seen when they are asked.
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed) return $"{settings}: answers, but lists no models";
            if (!answer.IsSuccessStatusCode)
                throw new IOException($"{settings.Address} answers {(int)answer.StatusCode}; {JudgeSettings.KeyVariable} is {(settings.Key is null ? "not set" : "set")}.");
            var models = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))?["data"]?.AsArray().Select(m => $"{m?["id"]}").ToList() ?? [];
            return models.Contains(settings.Model) ? $"{settings}"
                : throw new IOException($"{settings.Address} has no model '{settings.Model}' ({JudgeSettings.ModelVariable}); it lists {(models.Count == 0 ? "none" : string.Join(", ", models.Take(10)))}.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException($"{settings.Address} is no OpenAI-compatible API that can be reached: {e.Message}", e);
        }
    }
}
