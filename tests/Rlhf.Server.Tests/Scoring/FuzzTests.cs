using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Rlhf.Server.Tests.Scoring;

/// <summary>Ten thousand requests that nobody would make: damaged, of wrong types, with anything in any place.</summary>
public sealed class FuzzTests
{
    const int Requests = 10_000, AtOnce = 8;

    static readonly string[] Paths = ["/v1/score", "/get_reward", "/classify"];

    static readonly string[] Good =
    [
        """{"inputs":[{"prompt":"The cat","completions":[" sat."," ran."]}],"models":["helpful"],"deadlineMs":5000}""",
        """{"inputs":[{"promptIds":[5,6],"completionIds":[[7,2]]},{"turns":[{"role":"user","text":"The dog"}],"completions":["x"]}],"models":["helpful","safe"],"perToken":true,"deterministic":true}""",
        """{"query":["The cat sat.","The dog"],"prompts":["The cat","The"],"labels":["a","b"]}""",
        """{"model":"safe","input":["The cat sat.",[5,6,7]],"activation":false}""",
    ];

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_request_brings_the_server_down_or_gets_a_number_that_was_not_computed()
    {
        await using var place = await ScoringPlace.OpenAsync();
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();

        await Parallel.ForAsync(0, Requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token }, async (i, _) =>
        {
            var random = new Random(i); // the same requests on every run
            var (path, body) = (Paths[random.Next(Paths.Length)], Make(random));
            var (status, answer, response) = await place.PostAsync(path, body);
            response.Dispose();
            seen.AddOrUpdate((int)status, 1, (_, n) => n + 1);
            Assert.True((int)status < 500, $"{path} {Encoding.UTF8.GetString(body)}: {(int)status} {answer} {string.Join("; ", place.Log)}");
            if (status == HttpStatusCode.OK) Assert.True(Numbers(answer!).All(double.IsFinite), $"{answer}");
            else Assert.True(answer!["detail"] is not null && answer["models"] is null && answer["rewards"] is null && answer["data"] is null, $"{answer}");
        });

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", seen.OrderBy(s => s.Key).Select(s => $"{s.Value} × {s.Key}")));
        Assert.Equal(Requests, seen.Values.Sum());
        // They reach what scores, and what refuses.
        Assert.True(seen.ContainsKey(200) && seen.ContainsKey(400) && seen.ContainsKey(422) && seen.ContainsKey(404), string.Join(", ", seen.Keys));
        Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("/v1/score", Good[0])).Status);
    }

    static IEnumerable<double> Numbers(JsonNode node) => node switch
    {
        JsonObject o => o.Where(p => p.Value is not null).SelectMany(p => Numbers(p.Value!)),
        JsonArray a => a.Where(n => n is not null).SelectMany(n => Numbers(n!)),
        JsonValue v when v.TryGetValue<double>(out var number) => [number],
        _ => [],
    };

    static byte[] Make(Random random)
    {
        var json = JsonNode.Parse(Good[random.Next(Good.Length)])!;
        for (var change = random.Next(4); change > 0; change--) Change(json, random);
        var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        // One in four is damaged as bytes, too.
        if (random.Next(4) == 0)
            for (var hit = 1 + random.Next(3); hit > 0 && bytes.Length > 0; hit--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return random.Next(20) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    static void Change(JsonNode node, Random random)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } o:
                var key = o.ElementAt(random.Next(o.Count)).Key;
                if (random.Next(3) > 0 && o[key] is { } inner and (JsonObject or JsonArray)) Change(inner, random);
                else if (random.Next(4) == 0) o.Remove(key);
                else o[key] = Anything(random);
                break;
            case JsonArray { Count: > 0 } a:
                var at = random.Next(a.Count);
                if (random.Next(3) > 0 && a[at] is { } element and (JsonObject or JsonArray)) Change(element, random);
                else a[at] = Anything(random);
                break;
        }
    }

    static JsonNode? Anything(Random random) => random.Next(14) switch
    {
        0 => null,
        1 => JsonValue.Create(random.Next(-3, 400)),
        2 => JsonValue.Create(random.NextDouble() * 1e12),
        3 => JsonValue.Create(1e300),
        4 => JsonValue.Create(true),
        5 => JsonValue.Create(""),
        6 => JsonValue.Create(new string('x', random.Next(3000))),
        7 => JsonValue.Create("\0\u202E\uFFFF 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 </s> <|endoftext|> {{ 7*7 }}"),
        8 => new JsonArray(),
        9 => new JsonObject(),
        10 => new JsonArray([.. Enumerable.Range(0, random.Next(300)).Select(i => (JsonNode)JsonValue.Create(i))]),
        11 => new JsonArray([.. Enumerable.Range(0, random.Next(30)).Select(i => (JsonNode)JsonValue.Create($" word {i}"))]),
        12 => new JsonObject { ["role"] = "user", ["text"] = "a", ["more"] = new JsonArray(1, "b") },
        _ => JsonValue.Create(long.MinValue),
    };
}
