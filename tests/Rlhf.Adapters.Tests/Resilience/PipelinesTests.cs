using System.Net;
using System.Security.Authentication;
using Azure;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Polly;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;
using static Rlhf.Adapters.Tests.Resilience.ScriptedHandler;

namespace Rlhf.Adapters.Tests.Resilience;

public sealed class PipelinesTests
{
    readonly FakeTimeProvider _clock = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_failure_is_tried_again(int status)
    {
        var handler = new ScriptedHandler(_clock, Says((HttpStatusCode)status), Says(HttpStatusCode.OK));

        var answer = await SendAsync(handler, new PipelineOptions());

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(2, handler.Times.Count);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(501)]
    public async Task A_lasting_failure_is_the_answer(int status)
    {
        var handler = new ScriptedHandler(_clock, Says((HttpStatusCode)status), Says(HttpStatusCode.OK));

        var answer = await SendAsync(handler, new PipelineOptions());

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Single(handler.Times);
    }

    [Fact]
    public async Task A_500_that_the_client_knows_to_be_lasting_is_the_answer_and_breaks_nothing()
    {
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.InternalServerError));
        var pipeline = Pipelines.Mlflow(new() { BreakAtLeast = 2 }, _clock, isPermanent: async (answer, _) => await answer.Content.ReadAsStringAsync(Token) == "500");

        for (var i = 0; i < 5; i++) Assert.Equal("500", await (await SendAsync(handler, pipeline)).Content.ReadAsStringAsync(Token));

        Assert.Equal(5, handler.Times.Count);
    }

    [Fact]
    public async Task A_lost_connection_is_tried_again_and_a_certificate_that_is_not_trusted_is_not()
    {
        var lost = new ScriptedHandler(_clock, Throws(new HttpRequestException("reset", new IOException("reset"))), Throws(new IOException("cut")), Says(HttpStatusCode.OK));
        var untrusted = new ScriptedHandler(_clock, Throws(new HttpRequestException("TLS", new AuthenticationException("untrusted"))));

        await SendAsync(lost, new PipelineOptions());
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(untrusted, new PipelineOptions()));

        Assert.Equal(3, lost.Times.Count);
        Assert.Single(untrusted.Times);
    }

    [Fact]
    public async Task Waits_grow_twofold_with_jitter_up_to_the_longest_and_the_last_answer_is_returned()
    {
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.ServiceUnavailable));
        var options = new PipelineOptions { Retries = 9, FirstDelay = TimeSpan.FromSeconds(1), LongestDelay = TimeSpan.FromSeconds(20), Total = TimeSpan.FromHours(1) };

        var answer = await SendAsync(handler, options);

        var waits = Waits(handler);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(9, waits.Count);
        Assert.All(waits, w => Assert.InRange(w, 0, 20 + Step));
        // Try n waits (2^(n+u) − 2^(n−1+u'))/1.4 seconds with u and u' drawn from [0, 1): one wait may be short, and the next one then is not.
        Assert.InRange(waits.Take(4).Sum(), 5, 13);
        Assert.InRange(Math.Max(waits[^2], waits[^1]), 20, 20 + Step);
        Assert.Contains(waits, w => w % 1 > Step && w % 1 < 1 - Step);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("Thu, 01 Jan 2026 00:00:07 GMT")]
    public async Task The_service_says_how_long_to_wait_in_either_form(string retryAfter)
    {
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.TooManyRequests, retryAfter), Says(HttpStatusCode.OK));

        await SendAsync(handler, new PipelineOptions());

        Assert.InRange(Assert.Single(Waits(handler)), 7, 7 + Step);
    }

    [Fact]
    public async Task A_service_that_wants_a_longer_pause_than_there_is_time_has_answered()
    {
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.TooManyRequests, "3600"), Says(HttpStatusCode.OK));

        var answer = await SendAsync(handler, new PipelineOptions());

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Single(handler.Times);
    }

    [Fact]
    public async Task A_try_that_hangs_is_ended_and_made_again()
    {
        var handler = new ScriptedHandler(_clock, Hangs, Says(HttpStatusCode.OK));

        await SendAsync(handler, new PipelineOptions { Try = TimeSpan.FromSeconds(20) });

        Assert.InRange(Assert.Single(Waits(handler)), 20, 22);
    }

    [Fact]
    public async Task The_total_ends_it_all()
    {
        var handler = new ScriptedHandler(_clock, Hangs);
        var start = _clock.GetUtcNow();

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => SendAsync(handler, new PipelineOptions { Total = TimeSpan.FromSeconds(50), Try = TimeSpan.FromSeconds(20) }));

        Assert.InRange((_clock.GetUtcNow() - start).TotalSeconds, 50, 50 + 20 * Step);
        Assert.InRange(handler.Times.Count, 2, 3);
    }

    [Theory]
    [InlineData(2, 300)]
    [InlineData(100, 300)]
    [InlineData(600, 1800)]
    public void A_long_try_has_a_total_that_it_fits_into(int seconds, int total)
    {
        var options = PipelineOptions.OfTry(TimeSpan.FromSeconds(seconds));

        Assert.Equal((seconds, total), (options.Try.TotalSeconds, options.Total.TotalSeconds));
    }

    [Fact]
    public async Task The_callers_own_end_is_no_failure_to_try_again()
    {
        using var source = new CancellationTokenSource();
        var handler = new ScriptedHandler(_clock, async token =>
        {
            await source.CancelAsync();
            token.ThrowIfCancellationRequested();
            return new(HttpStatusCode.OK);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(TryAsync(handler, Pipelines.Mlflow(new(), _clock), source.Token)));

        Assert.Single(handler.Times);
    }

    [Fact]
    public async Task After_many_failures_nothing_is_sent_for_a_while_and_then_one_request_tries_the_water()
    {
        var handler = new ScriptedHandler(_clock, [.. Enumerable.Repeat(Says(HttpStatusCode.BadGateway), 4), Says(HttpStatusCode.OK)]);
        var options = new PipelineOptions { Retries = 1, FirstDelay = TimeSpan.Zero, BreakAtLeast = 4, Break = TimeSpan.FromSeconds(60) };
        var pipeline = Pipelines.Mlflow(options, _clock);
        for (var i = 0; i < 2; i++) await SendAsync(handler, pipeline);

        var answer = await SendAsync(handler, pipeline);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(5, handler.Times.Count);
        Assert.InRange(handler.Times[4] - handler.Times[3], 60, 60 + Step);
    }

    [Fact]
    public async Task Requests_take_turns_where_a_rate_is_set()
    {
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.OK));
        var pipeline = Pipelines.Mlflow(new() { PerSecond = 2 }, _clock);

        await RunAsync(Task.WhenAll(Enumerable.Range(0, 5).Select(_ => TryAsync(handler, pipeline, Token))));

        Assert.All(Waits(handler), w => Assert.InRange(w, 0.5 - 0.001, 0.5 + Step));
        Assert.Equal(5, handler.Times.Count);
    }

    [Fact]
    public async Task Blob_failures_are_told_apart_in_the_same_way()
    {
        var script = new Queue<Exception>(
        [
            new RequestFailedException(503, "busy"), new RequestFailedException(0, "lost", null, new HttpRequestException("lost")),
            new AggregateException(new RequestFailedException("lost")), new TaskCanceledException("the SDK's own time-out"), new RequestFailedException(404, "missing"),
        ]);
        var pipeline = Pipelines.Blob(new(), _clock);

        var failed = await Assert.ThrowsAsync<RequestFailedException>(
            () => RunAsync(pipeline.ExecuteAsync<string>(_ => ValueTask.FromException<string>(script.Dequeue()), Token).AsTask()));

        Assert.Equal(404, failed.Status);
        Assert.Empty(script);
    }

    [Fact]
    public async Task Every_try_is_told_by_the_name_of_its_pipeline()
    {
        using var logs = new Lines();
        var handler = new ScriptedHandler(_clock, Says(HttpStatusCode.ServiceUnavailable), Says(HttpStatusCode.OK));

        await SendAsync(handler, Pipelines.Mlflow(new(), _clock, logs));

        Assert.Contains(logs.All, line => line.Contains("mlflow", StringComparison.Ordinal) && line.Contains("retry", StringComparison.Ordinal));
    }

    // The clock goes in steps of so many seconds, so that a wait is seen as up to one longer.
    const double Step = 0.05;

    static List<double> Waits(ScriptedHandler handler) => [.. handler.Times.Zip(handler.Times.Skip(1), (a, b) => b - a)];

    Task<HttpResponseMessage> SendAsync(ScriptedHandler handler, PipelineOptions options) => SendAsync(handler, Pipelines.Mlflow(options, _clock));

    Task<HttpResponseMessage> SendAsync(ScriptedHandler handler, ResiliencePipeline<HttpResponseMessage> pipeline) =>
        RunAsync(TryAsync(handler, pipeline, Token));

    static async Task<HttpResponseMessage> TryAsync(ScriptedHandler handler, ResiliencePipeline<HttpResponseMessage> pipeline, CancellationToken token)
    {
        var client = new HttpMessageInvoker(handler);
        return await pipeline.ExecuteAsync(async t => await client.SendAsync(new(HttpMethod.Get, "http://service.test/"), t), token);
    }

    async Task<T> RunAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            // What the clock's last step set going comes to rest before the next one.
            await Task.Delay(1);
            for (var i = 0; i < 20 || (ThreadPool.PendingWorkItemCount > 0 && i < 1000); i++) await Task.Yield();
            if (!task.IsCompleted) _clock.Advance(TimeSpan.FromSeconds(Step));
        }
        return await task;
    }

    sealed class Lines : ILoggerFactory, ILogger
    {
        public List<string> All { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) { }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add(formatter(state, exception));

        public void Dispose() { }
    }
}
