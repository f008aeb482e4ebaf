using System.Text;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow;

/// <summary>The stub is stricter than a real server: what that swallows fails the test that sent it.</summary>
public class StubTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":NaN,"timestamp":1}""")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":1e999,"timestamp":1}""")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":1,"timestamp":1,"step":1.5}""")]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"m","value":1,"timestamp":1,"step":9223372036854775808}""")]
    [InlineData("runs/update", """{"run_id":"RUN","status":"DONE"}""")]
    [InlineData("runs/log-batch", """{"run_id":"RUN","params":[{"key":"p"}]}""")]
    [InlineData("runs/log-batch", """{"run_id":"RUN","tags":[{"key":"t","value":"1"},{"key":"t","value":"2"}]}""")]
    [InlineData("runs/search", """{"experiment_ids":[0]}""")]
    public async Task What_a_real_server_swallows_is_refused_and_fails_the_test(string route, string body)
    {
        var stub = await StubMlflow.StartAsync();
        using var http = new HttpClient();

        Assert.Equal(400, await PostAsync(http, stub, route, body));

        Assert.Single(stub.Violations);
        Assert.Empty(stub.Runs.Single().Points);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stub.DisposeAsync());
    }

    [Theory]
    [InlineData("runs/set-tag", """{"run_id":"RUN","key":"t","value":"LONG"}""", 8001)]
    [InlineData("runs/log-parameter", """{"run_id":"RUN","key":"p","value":"LONG"}""", 6001)]
    public async Task What_a_real_server_cuts_is_refused_and_fails_the_test(string route, string body, int length)
    {
        var stub = await StubMlflow.StartAsync();
        using var http = new HttpClient();

        Assert.Equal(400, await PostAsync(http, stub, route, body.Replace("LONG", new('x', length))));

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stub.DisposeAsync());
    }

    [Theory]
    [InlineData("runs/log-batch", """{"run_id":"RUN","params":[{"key":"p","value":"1"},{"key":"p","value":"1"}]}""", 400)]
    [InlineData("runs/log-metric", """{"run_id":"RUN","key":"a//b","value":1,"timestamp":1}""", 400)]
    [InlineData("runs/log-metric", """{"run_id":"none","key":"m","value":1,"timestamp":1}""", 404)]
    [InlineData("nope", "{}", 404)]
    public async Task What_a_real_server_refuses_is_refused_alike(string route, string body, int status)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var http = new HttpClient();

        Assert.Equal(status, await PostAsync(http, stub, route, body));
    }

    static async Task<int> PostAsync(HttpClient http, StubMlflow stub, string route, string body)
    {
        async Task<HttpResponseMessage> Post(string to, string json) =>
            await http.PostAsync($"{stub.Address}/api/2.0/mlflow/{to}", new StringContent(json, Encoding.UTF8, "application/json"), Token);
        using var created = await Post("runs/create", """{"experiment_id":"0","start_time":1}""");
        using var answer = await Post(route, body.Replace("RUN", stub.Runs.Single().Id));
        return (int)answer.StatusCode;
    }
}
