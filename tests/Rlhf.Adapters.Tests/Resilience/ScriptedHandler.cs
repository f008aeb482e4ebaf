using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Rlhf.Adapters.Tests.Resilience;

/// <summary>Answers each request by the next line of a script, the last one for ever, and keeps when each came.</summary>
sealed class ScriptedHandler(FakeTimeProvider clock, params Func<CancellationToken, Task<HttpResponseMessage>>[] script) : HttpMessageHandler
{
    readonly DateTimeOffset _start = clock.GetUtcNow();

    /// <summary>Seconds from the start to each request.</summary>
    public List<double> Times { get; } = [];

    public static Func<CancellationToken, Task<HttpResponseMessage>> Says(HttpStatusCode status, string? retryAfter = null) => _ =>
    {
        var answer = new HttpResponseMessage(status) { Content = new StringContent($"{(int)status}") };
        if (retryAfter is not null) answer.Headers.Add("Retry-After", retryAfter);
        return Task.FromResult(answer);
    };

    public static Func<CancellationToken, Task<HttpResponseMessage>> Throws(Exception e) => _ => Task.FromException<HttpResponseMessage>(e);

    public static async Task<HttpResponseMessage> Hangs(CancellationToken cancellationToken)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("Nothing ends the wait but its token.");
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        lock (Times)
        {
            Times.Add((clock.GetUtcNow() - _start).TotalSeconds);
            return script[Math.Min(Times.Count, script.Length) - 1](cancellationToken);
        }
    }
}
