using System.ClientModel;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Threading.RateLimiting;
using Azure;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Retry;
using Polly.Timeout;
using Rlhf.Adapters.Scoring;
using Rlhf.Adapters.Webhooks;

namespace Rlhf.Adapters.Resilience;

/// <summary>Every rule by which a call to another service is tried again, given up or held back; one named pipeline for each service.</summary>
public static class Pipelines
{
    static readonly HashSet<int> Transient = [408, 429, 500, 502, 503, 504];

    /// <summary>
    /// Around one request to MLflow, which is made anew for each try and whose answer's body was read whole. Retried are lost connections,
    /// tries out of time, and the statuses 408, 429, 500, 502, 503 and 504, unless <paramref name="isPermanent"/> knows the answer to be one
    /// that stays so (MLflow says 500 for some of these).
    /// </summary>
    /// <returns>A pipeline whose last answer is returned, or its last exception thrown, once nothing is left to try;
    /// <see cref="TimeoutRejectedException"/> once the total has passed.</returns>
    public static ResiliencePipeline<HttpResponseMessage> Mlflow(
        PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null, Func<HttpResponseMessage, CancellationToken, ValueTask<bool>>? isPermanent = null) =>
        Build<HttpResponseMessage>("mlflow", options, time, logs,
            async (outcome, token) => outcome.Result is { } answer
                ? Transient.Contains((int)answer.StatusCode) && (isPermanent is null || !await isPermanent(answer, token))
                : IsLost(outcome.Exception, token),
            outcome => outcome.Result?.Headers.RetryAfter);

    /// <summary>
    /// Around one call of Azure's SDK, whose own retries are off. Retried are lost connections, tries out of time, and the statuses 408, 429,
    /// 500, 502, 503 and 504.
    /// </summary>
    /// <returns>A pipeline whose last exception is thrown once nothing is left to try; <see cref="TimeoutRejectedException"/> once the total
    /// has passed.</returns>
    public static ResiliencePipeline<object> Blob(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<object>("blob", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Exception is RequestFailedException { Status: not 0 } failed
                ? Transient.Contains(failed.Status)
                : IsLost(outcome.Exception, token)),
            outcome => outcome.Exception is RequestFailedException failed && failed.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var text) == true
                && RetryConditionHeaderValue.TryParse(text, out var value) ? value : null);

    /// <summary>
    /// Around one request to a labeling tool (Argilla, Label Studio), which is made anew for each try. Retried are lost connections, tries out of time, answers
    /// that ended early, and the statuses 408, 429, 500, 502, 503 and 504; with no retries, for a request that must not be made twice, the first of them ends it.
    /// </summary>
    /// <returns>A pipeline whose last answer is returned, or its last exception thrown, once nothing is left to try.</returns>
    public static ResiliencePipeline<HttpResponseMessage> LabelingTool(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<HttpResponseMessage>("labeling-tool", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Result is { } answer ? IsTransient((int)answer.StatusCode) : IsLost(outcome.Exception, token)),
            outcome => outcome.Result?.Headers.RetryAfter);

    /// <summary>
    /// Around one request to Azure Key Vault, which is made anew for each try; a signature that nobody took changes nothing. Retried are lost connections, tries out of
    /// time, and the statuses 408, 429, 500, 502, 503 and 504.
    /// </summary>
    /// <returns>A pipeline whose last answer is returned, or its last exception thrown, once nothing is left to try.</returns>
    public static ResiliencePipeline<HttpResponseMessage> KeyVault(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<HttpResponseMessage>("key-vault", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Result is { } answer ? IsTransient((int)answer.StatusCode) : IsLost(outcome.Exception, token)),
            outcome => outcome.Result?.Headers.RetryAfter);

    /// <summary>
    /// Around one request to an Elsa server, which is made anew for each try. Retried are lost connections, tries out of time, and the statuses 408, 429, 502, 503
    /// and 504; with no retries, for a request that must not be made twice, the first of them ends it.
    /// </summary>
    /// <returns>A pipeline whose last answer is returned, or its last exception thrown, once nothing is left to try.</returns>
    public static ResiliencePipeline<HttpResponseMessage> Elsa(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<HttpResponseMessage>("elsa", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Result is { StatusCode: not System.Net.HttpStatusCode.InternalServerError } answer
                ? IsTransient((int)answer.StatusCode) : IsLost(outcome.Exception, token)),
            outcome => outcome.Result?.Headers.RetryAfter);

    /// <summary>
    /// Around work that looks at what is there before it makes anything, so that it may be begun anew after any failure that may pass
    /// (<see cref="IOException"/>).
    /// </summary>
    public static ResiliencePipeline LookAgain(PipelineOptions options, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder { Name = "look-again", TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new()
            {
                Name = "anew",
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstDelay,
                MaxDelay = options.LongestDelay,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is IOException),
            });
        }
        return builder.Build();
    }

    /// <summary>Around the question whether something is done that another service does by itself: asked again every second until it is, or the total has passed.</summary>
    /// <returns>A pipeline whose last answer is returned.</returns>
    public static ResiliencePipeline<bool> UntilDone(PipelineOptions options, TimeProvider time) =>
        new ResiliencePipelineBuilder<bool> { Name = "until-done", TimeProvider = time }
            .AddRetry(new()
            {
                Name = "ask",
                MaxRetryAttempts = Math.Max(1, (int)options.Total.TotalSeconds),
                BackoffType = DelayBackoffType.Constant,
                Delay = TimeSpan.FromSeconds(1),
                ShouldHandle = args => ValueTask.FromResult(args.Outcome is { Exception: null, Result: false }),
            })
            .Build();

    /// <summary>True for a status that may be another one on the next try.</summary>
    internal static bool IsTransient(int status) => Transient.Contains(status);

    /// <summary>
    /// Around one request to an AI judge, whose client's own retries are off. Retried are lost connections, tries out of time, and the statuses 408,
    /// 429 (unless the account has nothing left), 500, 502, 503 and 504.
    /// </summary>
    /// <returns>A pipeline whose last exception is thrown once nothing is left to try; <see cref="TimeoutRejectedException"/> once the total
    /// has passed.</returns>
    public static ResiliencePipeline<ChatResponse> Judge(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<ChatResponse>("judge", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Exception is ClientResultException { Status: not 0 } failed
                ? Transient.Contains(failed.Status) && !IsOutOfQuota(failed)
                : IsLost(outcome.Exception, token)),
            outcome => outcome.Exception is ClientResultException failed && failed.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var text) == true
                && RetryConditionHeaderValue.TryParse(text, out var value) ? value : null);

    /// <summary>True where a service says 429 for what no waiting changes: the account is used up.</summary>
    internal static bool IsOutOfQuota(ClientResultException failed) => failed.Status == 429 && failed.Message.Contains("insufficient_quota", StringComparison.Ordinal);

    /// <summary>
    /// Around one notification to a receiver, whose answer's body is not read. Retried are lost connections, tries out of time, and the statuses 408, 429,
    /// 500, 502, 503 and 504; not an address that may not be called.
    /// </summary>
    /// <returns>A pipeline whose last answer is returned, or its last exception thrown, once nothing is left to try;
    /// <see cref="TimeoutRejectedException"/> once the total has passed.</returns>
    public static ResiliencePipeline<HttpResponseMessage> Webhook(PipelineOptions options, TimeProvider time, ILoggerFactory? logs = null) =>
        Build<HttpResponseMessage>("webhook", options, time, logs,
            (outcome, token) => ValueTask.FromResult(outcome.Result is { } answer
                ? Transient.Contains((int)answer.StatusCode)
                : IsLost(outcome.Exception, token)),
            outcome => outcome.Result?.Headers.RetryAfter);

    /// <summary>
    /// Around all tries of one request to any of several servers of reward models. A try that failed is followed by another one, after the wait that its exception names, until
    /// the total has passed; a refusal that stays one ends it.
    /// </summary>
    /// <returns>A pipeline whose last exception is thrown; <see cref="TimeoutRejectedException"/> once the total has passed.</returns>
    internal static ResiliencePipeline Scoring(PipelineOptions options, TimeProvider time) =>
        new ResiliencePipelineBuilder { Name = "scoring", TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { Name = "total", Timeout = options.Total })
            .AddRetry(new()
            {
                Name = "retry",
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstDelay,
                MaxDelay = options.LongestDelay,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is ReplicaException { IsRefusal: false }),
                DelayGenerator = args => ValueTask.FromResult((args.Outcome.Exception as ReplicaException)?.Wait),
            })
            .Build();

    /// <summary>Around one try at one server of reward models: a breaker of its own, which a server that is busy or refuses does not trip.</summary>
    /// <param name="opened">Called when it is let alone from now on.</param>
    internal static ResiliencePipeline ScoringReplica(PipelineOptions options, CircuitBreakerStateProvider state, Action opened, TimeProvider time) =>
        new ResiliencePipelineBuilder { Name = "scoring-replica", TimeProvider = time }
            .AddCircuitBreaker(new()
            {
                Name = "breaker",
                FailureRatio = options.BreakAtShare,
                MinimumThroughput = options.BreakAtLeast,
                SamplingDuration = options.BreakWindow,
                BreakDuration = options.Break,
                StateProvider = state,
                OnOpened = _ =>
                {
                    opened();
                    return ValueTask.CompletedTask;
                },
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is ReplicaException { IsHealthy: false } or TimeoutRejectedException),
            })
            .AddTimeout(new TimeoutStrategyOptions { Name = "try", Timeout = options.Try })
            .Build();

    // From the outside in: what is left of the total bounds everything, each try passes the breaker and waits for its turn.
    static ResiliencePipeline<T> Build<T>(
        string name, PipelineOptions options, TimeProvider time, ILoggerFactory? logs,
        Func<Outcome<T>, CancellationToken, ValueTask<bool>> isTransient, Func<Outcome<T>, RetryConditionHeaderValue?> retryAfter)
    {
        var builder = new ResiliencePipelineBuilder<T> { Name = name, TimeProvider = time };
        if (logs is not null) builder.ConfigureTelemetry(logs);
        builder.AddTimeout(new TimeoutStrategyOptions { Name = "total", Timeout = options.Total });
        if (options.Retries > 0) builder.AddRetry(Retry(options, time, isTransient, retryAfter));
        builder.AddCircuitBreaker(new()
        {
            Name = "breaker",
            FailureRatio = options.BreakAtShare,
            MinimumThroughput = options.BreakAtLeast,
            SamplingDuration = options.BreakWindow,
            BreakDuration = options.Break,
            ShouldHandle = args => isTransient(args.Outcome, args.Context.CancellationToken),
        });
        if (options.PerSecond is { } perSecond)
        {
            var turns = new Turns(TimeSpan.FromSeconds(1 / perSecond), time);
            builder.AddRateLimiter(new RateLimiterStrategyOptions { Name = "rate", RateLimiter = args => turns.NextAsync(args.Context.CancellationToken) });
        }
        return builder.AddTimeout(new TimeoutStrategyOptions { Name = "try", Timeout = options.Try }).Build();
    }

    static RetryStrategyOptions<T> Retry<T>(
        PipelineOptions options, TimeProvider time, Func<Outcome<T>, CancellationToken, ValueTask<bool>> isTransient,
        Func<Outcome<T>, RetryConditionHeaderValue?> retryAfter) => new()
        {
            Name = "retry",
            MaxRetryAttempts = options.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.FirstDelay,
            MaxDelay = options.LongestDelay,
            ShouldHandle = async args => args.Outcome.Exception is BrokenCircuitException
                // A service that wants to be left alone for longer than there is time has given its answer.
                || (await isTransient(args.Outcome, args.Context.CancellationToken) && !(Wait(retryAfter(args.Outcome), time) >= options.Total)),
            DelayGenerator = args => ValueTask.FromResult(
                args.Outcome.Exception is BrokenCircuitException broken ? broken.RetryAfter ?? options.Break : Wait(retryAfter(args.Outcome), time)),
        };

    static TimeSpan? Wait(RetryConditionHeaderValue? asked, TimeProvider time)
    {
        var wait = asked?.Delta ?? asked?.Date - time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    // A certificate that is not trusted stays so, and so does a credential that cannot be had.
    static bool IsLost(Exception? e, CancellationToken token) => e switch
    {
        null or Azure.Identity.AuthenticationFailedException => false,
        TimeoutRejectedException => true,
        OperationCanceledException => !token.IsCancellationRequested,
        RequestFailedException or HttpRequestException or IOException => e is not AddressRefusedException && e.InnerException is not (AuthenticationException or AddressRefusedException),
        ClientResultException lost => lost.InnerException is null || IsLost(lost.InnerException, token),
        AggregateException many => many.InnerExceptions.All(one => IsLost(one, token)),
        _ => false,
    };

    // One call after the other at even intervals. The framework's limiters keep time by the machine's clock only.
    sealed class Turns(TimeSpan interval, TimeProvider time)
    {
        readonly Lock _gate = new();
        DateTimeOffset _next = DateTimeOffset.MinValue;

        public async ValueTask<RateLimitLease> NextAsync(CancellationToken cancellationToken)
        {
            TimeSpan wait;
            lock (_gate)
            {
                var now = time.GetUtcNow();
                var turn = _next > now ? _next : now;
                _next = turn + interval;
                wait = turn - now;
            }
            if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken);
            return new Turn();
        }

        sealed class Turn : RateLimitLease
        {
            public override bool IsAcquired => true;
            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }
        }
    }
}
