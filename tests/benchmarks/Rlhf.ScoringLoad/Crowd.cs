using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Rlhf.Learning.Rewards;

namespace Rlhf.ScoringLoad;

/// <summary>What a crowd saw: how many texts were scored in what time, each request's time, and what the crowd itself cost.</summary>
sealed record Seen(int Texts, TimeSpan Took, IReadOnlyList<double> Milliseconds, TimeSpan Own, TimeSpan Servers)
{
    public double PerSecond => Texts / Took.TotalSeconds;

    public double At(double share) => Milliseconds[(int)Math.Ceiling(share * Milliseconds.Count) - 1];
}

/// <summary>Clients that each send one prompt with one completion, read its score, and send the next.</summary>
static class Crowd
{
    /// <param name="expected">What each text scores in process: an answer that is another one ends the run.</param>
    public static async Task<Seen> AskAsync(Server server, IReadOnlyList<ScoredText> texts, float[] expected, int clients, Func<int, bool> goesOn)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = clients }) { BaseAddress = server.Address };
        byte[][] bodies = [.. texts.Select(t => JsonSerializer.SerializeToUtf8Bytes(new { inputs = new[] { new { promptIds = t.Tokens[..t.PromptLength], completionIds = new[] { t.Tokens[t.PromptLength..] } } } }))];
        var times = new List<double>();
        var (next, own, servers, clock) = (-1, Process.GetCurrentProcess().TotalProcessorTime, server.ProcessorTime, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            var mine = new List<double>();
            while (Interlocked.Increment(ref next) is var place && goesOn(place))
            {
                var begun = Stopwatch.GetTimestamp();
                var score = await ScoreAsync(http, bodies[place % bodies.Length]);
                mine.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                if (Math.Abs(score - expected[place % expected.Length]) > 1e-5) throw new InvalidDataException($"Text {place % expected.Length} was scored {score}; expected {expected[place % expected.Length]}.");
            }
            lock (times) times.AddRange(mine);
        })));
        times.Sort();
        return new(times.Count, clock.Elapsed, times, Process.GetCurrentProcess().TotalProcessorTime - own, server.ProcessorTime - servers);
    }

    static async Task<float> ScoreAsync(HttpClient http, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await http.PostAsync(new Uri("v1/score", UriKind.Relative), content);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        if (!answer.IsSuccessStatusCode) throw new InvalidDataException($"{(int)answer.StatusCode}: {Encoding.UTF8.GetString(bytes)}");
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.GetProperty("models")[0].GetProperty("inputs")[0][0].GetProperty("score").GetSingle();
    }
}
