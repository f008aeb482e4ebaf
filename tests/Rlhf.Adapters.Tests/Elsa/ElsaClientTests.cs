using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Elsa;

namespace Rlhf.Adapters.Tests.Elsa;

/// <summary>What the client makes of a server's answers, and of none.</summary>
public sealed class ElsaClientTests
{
    const string Definition = """{"definitionId":"round","name":"a round"}""";

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_is_away_is_an_IOException_each_time_also_when_so_many_failed_that_it_is_left_alone()
    {
        using var client = Client(_ => throw new HttpRequestException("Connection refused"));

        var messages = new List<string>();
        for (var i = 0; i < 30; i++) messages.Add((await Assert.ThrowsAsync<IOException>(() => client.StartAsync("round", [], Token))).Message);

        Assert.All(messages, m => Assert.StartsWith("http://elsa.test/elsa/api did not answer POST workflow-definitions/round/dispatch: ", m, StringComparison.Ordinal));
        Assert.Contains("Connection refused", messages[0], StringComparison.Ordinal);
        Assert.EndsWith("not asked, since too many requests failed lately", messages[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_definition_is_published_once_for_each_text_of_its_file()
    {
        var published = new List<JsonNode>();
        using var client = Client(request =>
        {
            if (request.Method == HttpMethod.Get) return published.Count == 0 ? new(HttpStatusCode.NotFound) : Json(published[^1]["model"]!.ToJsonString());
            published.Add(JsonNode.Parse(request.Content!.ReadAsStringAsync().Result)!);
            return Json("""{"alreadyPublished":false}""");
        });

        foreach (var text in new[] { Definition, Definition, Definition.Replace("a round", "another", StringComparison.Ordinal) })
            Assert.Equal("round", await client.PublishAsync(text, "round.json", Token));

        Assert.Equal(["a round", "another"], published.Select(p => $"{p["model"]!["name"]}"));
        Assert.All(published, p => Assert.True(p["publish"]!.GetValue<bool>()));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "RLHF_ELSA_TOKEN")]
    [InlineData(HttpStatusCode.InternalServerError, "answered 500")]
    public async Task An_answer_that_says_no_is_named(HttpStatusCode status, string named)
    {
        using var client = Client(request =>
        {
            Assert.Equal("Bearer secret", $"{request.Headers.Authorization}");
            return new(status);
        });

        Assert.Contains(named, (await Assert.ThrowsAsync<IOException>(() => client.StartAsync("round", [], Token))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_refuses_is_bad_data_with_its_reason()
    {
        using var client = Client(request => request.Method == HttpMethod.Get ? new(HttpStatusCode.NotFound) : Json("""{"validationErrors":[{"message":"the cron is none"}]}"""));

        Assert.Contains("the cron is none", (await Assert.ThrowsAsync<InvalidDataException>(() => client.PublishAsync(Definition, "round.json", Token))).Message, StringComparison.Ordinal);
        Assert.Contains("definitionId", (await Assert.ThrowsAsync<InvalidDataException>(() => client.PublishAsync("{}", "round.json", Token))).Message, StringComparison.Ordinal);
    }

    static HttpResponseMessage Json(string text) => new(HttpStatusCode.OK) { Content = new StringContent(text, Encoding.UTF8, "application/json") };

    static ElsaClient Client(Func<HttpRequestMessage, HttpResponseMessage> answer) => new(new("http://elsa.test/elsa/api"), "secret", new Answering(answer), TimeProvider.System);

    sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
