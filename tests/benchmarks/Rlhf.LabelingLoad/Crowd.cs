using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Rlhf.LabelingLoad;

/// <summary>One call that the server answered, since the beginning of the load.</summary>
/// <param name="IsFirstTry">False where it had to be sent again.</param>
sealed record Call(string Path, TimeSpan Started, TimeSpan Ended, bool IsFirstTry);

/// <summary>Labelers who answer at a fixed rate all together, each with three questions in hand, and send again with the same key what was not acknowledged.</summary>
sealed class Crowd(string address, IReadOnlyDictionary<string, string> keys, int rate) : IDisposable
{
    const int InHand = 3;
    static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    readonly HttpClient _client = new() { BaseAddress = new($"{address}/api/labeling/"), Timeout = TimeSpan.FromSeconds(10) };
    readonly Stopwatch _clock = new();
    readonly ConcurrentQueue<Call> _calls = new();

    public TimeSpan Elapsed => _clock.Elapsed;

    public IReadOnlyCollection<Call> Calls => _calls;

    /// <summary>Who answered which item, as far as the server said that it has it and it counts.</summary>
    public ConcurrentDictionary<string, string> Acknowledged { get; } = new();

    public async Task LabelAsync(TimeSpan time)
    {
        _clock.Start();
        var labelers = keys.Select(k => (k.Key, Key: k.Value, Questions: new Queue<string>(), Gate: new SemaphoreSlim(1))).ToList();
        var turns = new List<Task>();
        for (var i = 0; Elapsed < time; i++)
        {
            var labeler = labelers[i % labelers.Count];
            turns.Add(Task.Run(() => TurnAsync(labeler.Item1, labeler.Key, labeler.Questions, labeler.Gate)));
            var next = TimeSpan.FromSeconds((i + 1.0) / rate) - Elapsed;
            if (next > TimeSpan.Zero) await Task.Delay(next);
        }
        await Task.WhenAll(turns);
    }

    public void Dispose() => _client.Dispose();

    async Task TurnAsync(string name, string key, Queue<string> questions, SemaphoreSlim gate)
    {
        await gate.WaitAsync();
        try
        {
            if (questions.Count == 0)
            {
                var got = await PostAsync("assignments", key, new JsonObject { ["count"] = InHand });
                foreach (var assignment in got["assignments"]!.AsArray()) questions.Enqueue($"{assignment!["item"]}");
            }
            if (!questions.TryDequeue(out var item)) return;
            var answer = new JsonObject { ["key"] = $"{Guid.NewGuid()}", ["labeler"] = name, ["item"] = item, ["choice"] = "a_slight", ["seconds"] = 4 };
            if ($"{(await PostAsync("answers", key, answer))["fate"]}" == "counted") Acknowledged[item] = name;
        }
        finally
        {
            gate.Release();
        }
    }

    async Task<JsonObject> PostAsync(string path, string key, JsonObject body)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var started = Elapsed;
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                using var response = await _client.SendAsync(request);
                if (response.IsSuccessStatusCode)
                {
                    var answer = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
                    _calls.Enqueue(new(path, started, Elapsed, isFirst));
                    return answer;
                }
                if ((int)response.StatusCode is < 500 and not 429) throw new InvalidOperationException($"{path}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
            {
                // The server is away; the same again.
            }
            await Task.Delay(Again);
        }
    }
}
