using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Polly;
using Polly.CircuitBreaker;
using Rlhf.Adapters.Mlflow;
using Rlhf.Adapters.Resilience;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Mlflow;

/// <summary>What the client does when a request, an answer or a connection is lost; the product's pipeline without its waits.</summary>
public class FaultTests
{
    static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<Fault> AfterAll => [new Fault.ResetAfter(), new Fault.Truncate(), new Fault.Cut(), new Fault.LoseAnswer(500), new Fault.LoseAnswer(503)];

    public static TheoryData<Fault> Before => [new Fault.ResetBefore(), new Fault.Refuse(500), new Fault.Refuse(502), new Fault.Refuse(503), new Fault.Refuse(504), new Fault.Refuse(408)];

    // The fault comes once, with the first request to that route.
    static Func<HttpContext, Fault?> Once(string route, Fault fault)
    {
        var left = 1;
        return context => context.Request.Path.Value!.EndsWith(route, StringComparison.Ordinal) && Interlocked.Decrement(ref left) == 0 ? fault : null;
    }

    static MlflowNewRun NewRun(MlflowExperiment experiment) => new() { ExperimentId = experiment.ExperimentId, StartTime = 5, Tags = [new("rlhf.key", "k1")] };

    [Theory]
    [MemberData(nameof(AfterAll))]
    public async Task A_run_that_may_have_been_created_is_not_created_again_and_is_found_by_its_tag(Fault fault)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        stub.Faults = Once("runs/create", fault);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.CreateRunAsync(NewRun(experiment), Token));

        Assert.True(e.MayHaveSucceeded);
        Assert.False(e.Permanent);
        Assert.Equal(Assert.Single(stub.Runs).Id, Assert.Single(await client.FindRunsByTagAsync(experiment.ExperimentId, new("rlhf.key", "k1"), Token)).Info.RunId);
    }

    [Theory]
    [MemberData(nameof(Before))]
    public async Task A_run_that_may_not_have_been_created_is_left_to_the_caller_too(Fault fault)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        stub.Faults = Once("runs/create", fault);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.CreateRunAsync(NewRun(experiment), Token));

        Assert.True(e.MayHaveSucceeded);
        Assert.Empty(await client.FindRunsByTagAsync(experiment.ExperimentId, new("rlhf.key", "k1"), Token));
        Assert.Equal(1, stub.Requests.Count(r => r.Path.EndsWith("runs/create", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_creation_that_was_surely_not_carried_out_is_sent_again()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        stub.Faults = Once("runs/create", new Fault.Refuse(429, RetryAfter: 0));

        await client.CreateRunAsync(NewRun(experiment), Token);

        Assert.Single(stub.Runs);
    }

    [Theory]
    [MemberData(nameof(AfterAll))]
    [MemberData(nameof(Before))]
    public async Task What_can_be_sent_again_is_and_counts_once(Fault fault)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        stub.Faults = Once("experiments/create", fault);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        var run = (await client.CreateRunAsync(NewRun(experiment), Token)).Info;
        var batch = new MlflowBatch { Metrics = [new("m", 1, 1, 1), new("m", double.NaN, 2, 2)], Params = [new("p", "1")], Tags = [new("t", "1")] };

        stub.Faults = Once("runs/log-batch", fault);
        await client.LogBatchAsync(run.RunId, batch, Token);
        stub.Faults = Once("runs/log-inputs", fault);
        await client.LogInputsAsync(run.RunId, [new() { Dataset = new() { Name = "d", Digest = "1", SourceType = "local", Source = "{}" } }], cancellationToken: Token);
        stub.Faults = Once("card.md", fault);
        await client.PutArtifactAsync(run.ArtifactUri, "report/card.md", new MemoryStream("# card"u8.ToArray()), "text/markdown", Token);
        stub.Faults = Once("card.md", fault);
        var read = await client.ReadArtifactAsync(run.ArtifactUri, "report/card.md", Token);

        var stored = Assert.Single(stub.Runs);
        Assert.Equal([("m", 1, 1, 1), ("m", double.NaN, 2, 2)], stored.Points.Select(p => (p.Key, p.Value, p.Timestamp, p.Step)));
        Assert.Single(stored.Datasets);
        Assert.Equal("# card"u8.ToArray(), stub.Files.Single().Value);
        // Nothing tells a whole artifact from one whose shortened length was announced as its own.
        if (fault is not Fault.Cut) Assert.Equal("# card"u8.ToArray(), read);
    }

    [Theory]
    [MemberData(nameof(AfterAll))]
    public async Task What_was_deleted_by_a_try_whose_answer_was_lost_is_deleted(Fault fault)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        var run = (await client.CreateRunAsync(NewRun(experiment), Token)).Info;
        stub.Faults = Once("runs/delete-tag", fault);

        await client.DeleteRunTagAsync(run.RunId, "rlhf.key", Token);

        Assert.DoesNotContain("rlhf.key", stub.Runs.Single().Tags.Keys);
        await Assert.ThrowsAsync<MlflowException>(() => client.DeleteRunTagAsync(run.RunId, "rlhf.key", Token));
    }

    [Theory]
    [InlineData(500, """{"error_code":"INVALID_STATE","message":"so"}""", "INVALID_STATE")]
    [InlineData(501, """{"error_code":"NOT_IMPLEMENTED","message":"so"}""", "NOT_IMPLEMENTED")]
    [InlineData(401, "You are not authenticated.", MlflowErrors.Unauthenticated)]
    [InlineData(403, "Permission denied", MlflowErrors.PermissionDenied)]
    [InlineData(404, "<!doctype html><title>404 Not Found</title>", MlflowErrors.NoSuchRoute)]
    [InlineData(400, """{"error_code":"INVALID_PARAMETER_VALUE"}""", MlflowErrors.InvalidParameter)]
    [InlineData(302, "", MlflowErrors.NotMlflow)]
    [InlineData(200, "<html><form action='/login'><script>secret()</script>Log in</form></html>", MlflowErrors.NotMlflow)]
    [InlineData(200, "OK", MlflowErrors.NotMlflow)]
    [InlineData(200, """{"run":{"info":{}}}""", MlflowErrors.NotMlflow)]
    public async Task An_error_that_stays_is_told_at_once(int status, string body, string code)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        stub.Faults = _ => new Fault.Refuse(status, body);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.GetRunAsync("r1", Token));

        Assert.Equal((code, status, "GET", "/api/2.0/mlflow/runs/get", true), (e.ErrorCode, (int)e.Status!, e.Method, e.Path, e.Permanent));
        Assert.DoesNotContain("<", e.Message);
        Assert.DoesNotContain("secret", e.Message);
        Assert.Single(stub.Requests);
    }

    [Theory]
    [InlineData(500, "<title>500 Internal Server Error</title>", "HTTP_500")]
    [InlineData(500, """{"error_code":"INTERNAL_ERROR","message":"so"}""", "INTERNAL_ERROR")]
    [InlineData(503, """{"error_code":"TEMPORARILY_UNAVAILABLE","message":"so"}""", "TEMPORARILY_UNAVAILABLE")]
    [InlineData(429, "", "HTTP_429")]
    [InlineData(200, """{"run":{"info":""", MlflowErrors.Unreachable)]
    [InlineData(200, "", MlflowErrors.Unreachable)]
    public async Task An_error_that_may_pass_is_told_after_the_last_try(int status, string body, string code)
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address, Clients.Patient(retries: 2));
        stub.Faults = _ => new Fault.Refuse(status, body);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.GetRunAsync("r1", Token));

        Assert.Equal((code, false, 3), (e.ErrorCode, e.Permanent, stub.Requests.Count));
    }

    [Fact]
    public async Task A_server_that_is_away_is_unreachable_and_has_done_nothing()
    {
        var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        await stub.DisposeAsync();

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.CreateRunAsync(new() { ExperimentId = "1", StartTime = 1 }, Token));

        Assert.Equal((MlflowErrors.Unreachable, false, false, null), (e.ErrorCode, e.Permanent, e.MayHaveSucceeded, e.Status));
    }

    [Fact]
    public async Task A_creation_out_of_time_is_not_sent_again()
    {
        await using var stub = await StubMlflow.StartAsync();
        var clock = new FakeTimeProvider();
        var options = new PipelineOptions { FirstDelay = TimeSpan.Zero };
        using var client = Clients.For(stub.Address, Pipelines.Mlflow(options, clock));
        var experiment = await client.EnsureExperimentAsync("e", cancellationToken: Token);
        stub.Faults = Once("runs/create", new Fault.HangAfter());

        var creation = client.CreateRunAsync(NewRun(experiment), Token);
        while (!stub.Requests.Any(r => r.Path.EndsWith("runs/create", StringComparison.Ordinal))) await Task.Delay(1, Token);
        clock.Advance(options.Try);
        var e = await Assert.ThrowsAsync<MlflowException>(() => creation);

        Assert.Equal((MlflowErrors.TimedOut, true), (e.ErrorCode, e.MayHaveSucceeded));
        Assert.Single(stub.Runs);
    }

    [Fact]
    public async Task A_circuit_that_is_open_is_told_as_held_back()
    {
        var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>().AddCircuitBreaker(new() { ManualControl = new(isIsolated: true) }).Build();
        using var client = Clients.For("http://127.0.0.1:9", pipeline);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.GetRunAsync("r1", Token));

        Assert.Equal((MlflowErrors.HeldBack, false, false), (e.ErrorCode, e.Permanent, e.MayHaveSucceeded));
        Assert.IsAssignableFrom<BrokenCircuitException>(e.InnerException);
    }

    [Fact]
    public async Task Cancellation_is_cancellation()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);
        using var cancel = new CancellationTokenSource();
        stub.Faults = _ =>
        {
            cancel.Cancel();
            return new Fault.Hang();
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.CreateRunAsync(new() { ExperimentId = "0", StartTime = 1 }, cancel.Token));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_its_query_not_told()
    {
        using var client = Clients.For("http://h", handler: new Scripted(() => new(HttpStatusCode.Found) { Headers = { Location = new("https://login.example/sign-in?token=hunter2") } }));

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.GetRunAsync("r1", Token));

        Assert.Contains("https://login.example/sign-in'", e.Message);
        Assert.DoesNotContain("hunter2", e.ToString());
    }

    [Fact]
    public async Task Credentials_are_sent_and_never_told()
    {
        await using var stub = await StubMlflow.StartAsync();
        stub.Authorization = Clients.Basic("ann", "hunter2");
        using var right = new MlflowClient(Clients.Settings(("MLFLOW_TRACKING_URI", stub.Address.Replace("//", "//ann:hunter2@"))), Clients.Patient());
        using var wrong = new MlflowClient(Clients.Settings(("MLFLOW_TRACKING_URI", stub.Address), ("MLFLOW_TRACKING_TOKEN", "hunter2")), Clients.Patient());

        Assert.Equal("3.11.2.stub", await right.GetServerVersionAsync(Token));
        var e = await Assert.ThrowsAsync<MlflowException>(() => wrong.GetServerVersionAsync(Token));
        await wrong.CheckHealthAsync(Token);

        Assert.DoesNotContain("hunter2", e.ToString());
        Assert.DoesNotContain("hunter2", right.Address.ToString());
    }

    [Fact]
    public async Task What_an_older_server_has_not_is_told_by_name()
    {
        await using var stub = await StubMlflow.StartAsync();
        using var client = Clients.For(stub.Address);

        var e = await Assert.ThrowsAsync<MlflowException>(() => client.CreateLoggedModelAsync(new() { ExperimentId = "0" }, Token));

        Assert.Equal((MlflowErrors.NotSupportedHere, true), (e.ErrorCode, e.Permanent));
        Assert.Contains("LoggedModels", e.Message);
    }

    sealed class Scripted(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer());
    }
}
