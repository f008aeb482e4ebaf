using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Rlhf.Pipeline.Scoring;
using Rlhf.Runtime.Access;
using Rlhf.Steps.Data;
using Rlhf.Steps.Scoring;
using Route = Rlhf.Server.Access.Route;

namespace Rlhf.Server.Tests.Scoring;

public sealed partial class ScoringApiTests
{
    const string One = """{"inputs":[{"prompt":"The cat","completions":[" sat."]}],"models":["helpful"]}""";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static float Number(JsonNode? node) => node!.GetValue<float>();

    [Fact]
    public async Task Every_form_of_a_request_gets_the_scores_in_order_with_the_model_and_what_was_read()
    {
        await using var place = await ScoringPlace.OpenAsync();

        var (status, body, _) = await place.PostAsync("/v1/score", """
            {"models":["helpful","safe"],"perToken":true,"inputs":[
              {"prompt":"The cat","completions":[" sat."," looked at the moon."]},
              {"turns":[{"role":"user","text":"The dog"}],"completions":[" jumps."]},
              {"promptIds":[5,6,7],"completionIds":[[8,9,2],[10,2]]}]}
            """);

        Assert.Equal(HttpStatusCode.OK, status);
        var models = body!["models"]!.AsArray();
        Assert.Equal([$"{place.Helpful}", $"{place.Safe}"], models.Select(m => $"{m!["model"]}"));
        foreach (var (model, members) in models.Zip([1, 2]))
        {
            var inputs = model!["inputs"]!.AsArray();
            Assert.Equal([2, 1, 2], inputs.Select(i => i!.AsArray().Count));
            Assert.All(inputs.SelectMany(i => i!.AsArray()), s => Assert.Equal(members, s!["members"]!.AsArray().Count));
            Assert.All(inputs.SelectMany(i => i!.AsArray()), s => Assert.Equal(s!["completionTokens"]!.GetValue<int>(), s["tokenScores"]!.AsArray().Count));
            Assert.Equal((6, 3), (inputs[2]![0]!["tokens"]!.GetValue<int>(), inputs[2]![0]!["completionTokens"]!.GetValue<int>()));
        }
        var alone = await place.Serving.ScoreAsync(new("helpful", [new TextToScore.Answered(Turn.User("The cat"), " looked at the moon.")]), Token);
        Assert.Equal(alone.Scores[0].Score, Number(models[0]!["inputs"]![0]![1]!["score"]), 1e-5f);
    }

    [Theory]
    [InlineData("""{"inputs":[]}""", 400, "0 texts")]
    [InlineData("""{"inputs":null}""", 400, "not what was expected")]
    [InlineData("""{"inputs":[null]}""", 400, "Input 0 is null")]
    [InlineData("""{"inputs":[{"prompt":"x"}]}""", 400, "Input 0 has another form")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":[]}]}""", 400, "Input 0 has another form")]
    [InlineData("""{"inputs":[{"prompt":"x","turns":[],"completions":["y"]}]}""", 400, "Input 0 has another form")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":[null]}]}""", 400, "A completion of input 0 is null")]
    [InlineData("""{"inputs":[{"turns":[null],"completions":["y"]}]}""", 400, "another form")]
    [InlineData("""{"inputs":[{"turns":[{"role":"user","text":null}],"completions":["y"]}]}""", 400, "not what was expected")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"speed":1}""", 400, "speed")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"deadlineMs":0}""", 400, "'deadlineMs' is 0")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"models":[]}""", 400, "'models' names 0")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"models":["helpful","helpful"]}""", 400, "each once")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"models":[null]}""", 400, "A name in 'models' is null")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}],"models":["nobody"]}""", 404, "'nobody' is not served here; served are helpful (")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":["y"]}]}""", 404, "names no model, and 2 are served by a name")]
    [InlineData("""{"inputs":[{"prompt":"x","completions":[""]}],"models":["helpful"]}""", 422, "A completion is empty")]
    [InlineData("""{"inputs":[{"turns":[{"role":"system","text":"a"},{"role":"user","text":"b"}],"completions":["y"]}],"models":["helpful"]}""", 422, "one user turn")]
    [InlineData("""{"inputs":[{"promptIds":[5],"completionIds":[[99999]]}],"models":["helpful"]}""", 422, "the token 99999")]
    [InlineData("""{"inputs":[{"promptIds":[5],"completionIds":[[]]}],"models":["helpful"]}""", 422, "at least one token of a completion")]
    [InlineData("""{"inputs":[{"prompt":"\ud800","completions":["y"]}],"models":["helpful"]}""", 400, "not what was expected")]
    [InlineData("""{"inputs":""", 400, "not what was expected")]
    [InlineData("", 400, "not what was expected")]
    public async Task What_cannot_be_scored_is_answered_with_a_problem_document(string json, int status, string sentence)
    {
        await using var place = await ScoringPlace.OpenAsync();

        var (answered, body, response) = await place.PostAsync("/v1/score", json);

        Assert.Equal((status, "application/problem+json"), ((int)answered, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal(status, body!["status"]!.GetValue<int>());
        Assert.Contains(sentence, $"{body["detail"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_that_is_no_text_or_too_long_is_refused_and_nothing_is_lost()
    {
        await using var place = await ScoringPlace.OpenAsync();
        byte[] invalid = [.. """{"models":["helpful"],"inputs":[{"prompt":"x","completions":[" """u8, 0xFF, 0xC0, .. "\"]}]}"u8];
        string Long(int words) => $$"""{"models":["helpful"],"inputs":[{"prompt":"x","completions":["{{string.Concat(Enumerable.Repeat(" a", words))}}"]}]}""";

        Assert.Equal(HttpStatusCode.BadRequest, (await place.PostAsync("/v1/score", invalid)).Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await place.PostAsync("/v1/score", Long(100_000))).Status); // a text of 100,000 tokens
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await place.PostAsync("/v1/score", Long(5_000_000))).Status); // a body of 10 MB
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await place.PostAsync("/v1/score", $$"""{"models":["helpful"],"inputs":[{"promptIds":[5],"completionIds":[[{{string.Join(',', Enumerable.Repeat(5, 100_000))}}]]}]}""")).Status);
        using var form = await place.Client.PostAsync(new Uri("/v1/score", UriKind.Relative), new StringContent("inputs"), Token);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("/v1/score", One)).Status);
    }

    [Fact]
    public async Task More_texts_than_a_request_may_hold_are_refused()
    {
        await using var place = await ScoringPlace.OpenAsync(change: o => o with { MostTexts = 3 });

        var (status, body, _) = await place.PostAsync("/v1/score", """{"models":["helpful"],"inputs":[{"prompt":"x","completions":["a","b"]},{"prompt":"x","completions":["a","b"]}]}""");

        Assert.Equal((HttpStatusCode.BadRequest, "The request has 4 texts; expected 1 to 3."), (status, $"{body!["detail"]}"));
    }

    [Fact]
    public async Task A_deadline_that_passes_and_a_queue_that_is_full_are_said_so_with_a_time_to_come_back()
    {
        await using var place = await ScoringPlace.OpenAsync(serving: new() { QueueTokens = 10, LongestDelay = TimeSpan.FromSeconds(10), TokenBudget = 100_000 });

        var late = await place.PostAsync("/v1/score", One.Replace("}]", "}],\"deadlineMs\":100", StringComparison.Ordinal));
        var (busy, first) = await WhileOneWaitsAsync(place);
        // A machine that has too much to do may take longer to ask than the first one waits.
        for (var again = 0; again < 3 && busy.Status == HttpStatusCode.OK; again++) (busy, first) = await WhileOneWaitsAsync(place);

        Assert.Equal((HttpStatusCode.TooManyRequests, "urn:rlhf:scoring:busy"), (busy.Status, $"{busy.Body!["type"]}"));
        Assert.True(busy.Response.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.Equal((HttpStatusCode.RequestTimeout, "urn:rlhf:scoring:too-late"), (late.Status, $"{late.Body!["type"]}"));
        Assert.Equal(HttpStatusCode.OK, first);
    }

    [Fact]
    public async Task Who_may_come_in_is_said_by_the_keys_of_the_store()
    {
        await using var place = await ScoringPlace.OpenAsync();
        var expected = new Dictionary<string, bool> // true: for everybody
        {
            ["POST /v1/score"] = false,
            ["POST /get_reward"] = false,
            ["POST /classify"] = false,
            ["GET /v1/models"] = false,
            ["GET /healthz"] = true,
            ["GET /readyz"] = true,
            ["GET /metrics"] = true,
            ["GET /openapi.json"] = true,
        };
        Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("/v1/score", One)).Status); // this machine's own person, as long as there is no key
        var keys = new Dictionary<string, (string? Key, bool May)>
        {
            ["nobody"] = (null, false),
            ["a wrong key"] = ("rlhf_no", false),
            ["a labeler"] = (await place.Runtime.Credentials.CreateKeyAsync("ann", Role.Labeler, null, null, Token), false),
            ["an operator"] = (await place.Runtime.Credentials.CreateKeyAsync("olaf", Role.Operator, null, null, Token), true),
            ["a trainer"] = (await place.Runtime.Credentials.CreateKeyAsync("trainer", Role.Operator, "scoring", null, Token), true),
            ["an operator for labeling"] = (await place.Runtime.Credentials.CreateKeyAsync("lara", Role.Operator, "labeling", null, Token), false),
        };
        await Task.Delay(TimeSpan.FromSeconds(5.1), Token); // the person at this machine is remembered so long

        var served = place.Server.Endpoints.Cast<RouteEndpoint>().SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (Method: m, Pattern: e.RoutePattern.RawText!, Route: e.Metadata.GetMetadata<Route>()))).ToList();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), served.Select(s => $"{s.Method} {s.Pattern}").Order(StringComparer.Ordinal));
        foreach (var (method, pattern, route) in served)
        {
            Assert.NotNull(route);
            foreach (var (who, (key, may)) in keys)
            {
                using var request = new HttpRequestMessage(new(method), pattern);
                if (method == "POST") request.Content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
                if (key is not null) request.Headers.Authorization = new("Bearer", key);
                using var response = await place.Client.SendAsync(request, Token);
                var isRefused = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
                Assert.True(isRefused != (expected[$"{method} {pattern}"] || may), $"{method} {pattern} as {who}: {response.StatusCode}");
                if (isRefused) Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
            }
        }
    }

    [Fact]
    public async Task The_document_describes_every_route_and_field_and_the_metrics_count()
    {
        await using var place = await ScoringPlace.OpenAsync(onlyOne: true);
        await place.PostAsync("/v1/score", """{"inputs":[{"prompt":"The cat","completions":[" sat."," ran."]}]}""");

        var document = JsonNode.Parse(await place.Client.GetStringAsync(new Uri("/openapi.json", UriKind.Relative), Token))!;
        var metrics = await place.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token);

        Assert.Equal(["/classify", "/get_reward", "/healthz", "/metrics", "/readyz", "/v1/models", "/v1/score"], document["paths"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        var schemas = document["components"]!["schemas"]!;
        Assert.Equal(["completionIds", "completions", "prompt", "promptIds", "turns"], schemas["ScoreInput"]!["properties"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["completionTokens", "members", "score", "tokenScores", "tokens", "truncated"], schemas["TextScore"]!["properties"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["query", "prompts", "labels"], schemas["GetRewardBody"]!["properties"]!.AsObject().Select(p => p.Key));
        Assert.Contains("rlhf_scoring_texts_total{model=\"" + place.Helpful.Short + "\"} 2", metrics, StringComparison.Ordinal);
        Assert.Contains("rlhf_scoring_request_seconds_bucket", metrics, StringComparison.Ordinal);
        Assert.Contains("rlhf_scoring_waiting_tokens", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_revoked_opens_nothing_after_a_few_seconds()
    {
        await using var place = await ScoringPlace.OpenAsync();
        var key = await place.Runtime.Credentials.CreateKeyAsync("trainer", Role.Operator, "scoring", null, Token);
        Assert.Equal(HttpStatusCode.OK, (await place.PostAsync("/v1/score", One, key)).Status);

        await place.Runtime.Credentials.RevokeAsync("trainer", Token);
        await Task.Delay(TimeSpan.FromSeconds(5.1), Token);

        Assert.Equal(HttpStatusCode.Unauthorized, (await place.PostAsync("/v1/score", One, key)).Status);
    }

    /// <summary>What a request is answered while another one fills the queue, and what that one is answered.</summary>
    static async Task<((HttpStatusCode Status, JsonNode? Body, HttpResponseMessage Response) Second, HttpStatusCode First)> WhileOneWaitsAsync(ScoringPlace place)
    {
        var first = place.PostAsync("/v1/score", One);
        while (!first.IsCompleted && !TokensWait().IsMatch(await place.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative), Token))) await Task.Delay(50, Token);
        var second = await place.PostAsync("/v1/score", One);
        return (second, (await first).Status);
    }

    [GeneratedRegex(@"^rlhf_scoring_waiting_tokens\{[^}]*\} [1-9]", RegexOptions.Multiline)]
    private static partial Regex TokensWait();
}
