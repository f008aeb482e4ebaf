using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Scoring;

namespace Rlhf.Adapters.Scoring;

/// <summary>
/// Scores from servers of reward models. Each request goes to the server with the fewest texts under way; what fails there is asked of another one, as long as the deadline
/// allows. An answer of another model, with another count or with a number that is not finite is a failure of that server. Safe for many callers at once.
/// </summary>
public sealed class ScoringClient : IRewardScoring, IDisposable
{
    /// <summary>How servers are asked again, but for the times of the settings: almost at once while there are others, then after 0.1 s up to 2 s.</summary>
    public static readonly PipelineOptions Patience = new()
    {
        Retries = int.MaxValue,
        FirstDelay = TimeSpan.FromSeconds(0.1),
        LongestDelay = TimeSpan.FromSeconds(2),
        BreakAtLeast = 3,
        BreakWindow = TimeSpan.FromSeconds(10),
        Break = TimeSpan.FromSeconds(2),
    };

    readonly ScoringSettings _settings;
    readonly PipelineOptions _patience;
    readonly Replicas _replicas;
    readonly ResiliencePipeline _asking;

    public ScoringClient(ScoringSettings settings, TimeProvider time, PipelineOptions? patience = null)
        : this(settings, time, patience ?? Patience, Dns.GetHostAddressesAsync) { }

    internal ScoringClient(ScoringSettings settings, TimeProvider time, PipelineOptions patience, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (_settings, _patience) = (settings, patience with { Total = settings.Deadline, Try = settings.Try });
        _replicas = new(settings, _patience, time, resolve);
        _asking = Pipelines.Scoring(_patience, time);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">Servers refuse what they are asked, and will go on so.</exception>
    /// <exception cref="IOException">No server gave a whole answer before the deadline; later one may.</exception>
    public async Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(BodyOf(request), ScoringAnswers.Web);
        var tried = new List<Replica>();
        var refusals = new Dictionary<Replica, ReplicaException>();
        Exception? last = null;
        try
        {
            return await _asking.ExecuteAsync(async token => await TryAsync(request, body, tried, refusals, e => last = e, token), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is ReplicaException or TimeoutRejectedException or BrokenCircuitException or OperationCanceledException)
        {
            if (e is ReplicaException { IsRefusal: true }) throw new InvalidDataException(e.Message, e);
            throw new IOException($"No server gave {request.Texts.Count} scores of {request.Model} within {_settings.Deadline.TotalSeconds:0.#} s, of {_settings}. The last try: {(last ?? e).Message}", last ?? e);
        }
    }

    public void Dispose() => _replicas.Dispose();

    async Task<RewardScores> TryAsync(
        ScoringRequest request, byte[] body, List<Replica> tried, Dictionary<Replica, ReplicaException> refusals, Action<Exception> failed, CancellationToken cancellationToken)
    {
        var all = await _replicas.AllAsync(cancellationToken);
        if (all.All(tried.Contains)) tried.Clear();
        var replica = all.Where(r => !tried.Contains(r)).OrderBy(r => !r.IsOpenToTries).ThenBy(r => r.Texts).First();
        tried.Add(replica);
        replica.Take(request.Texts.Count);
        try
        {
            return await replica.Pipeline.ExecuteAsync(async token => await SendAsync(request, body, replica, token), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is ReplicaException or TimeoutRejectedException or BrokenCircuitException)
        {
            var failure = e as ReplicaException ?? new ReplicaException(e is BrokenCircuitException ? $"{replica} is let alone for a while after it failed." : $"{replica} did not answer within {_settings.Try.TotalSeconds:0.#} s.", e);
            // A circuit that is open says nothing new.
            if (e is not BrokenCircuitException) failed(failure);
            if (failure.IsRefusal) refusals[replica] = failure;
            if (refusals.Count >= Math.Min(2, all.Count)) throw new ReplicaException(failure.Message, failure) { IsHealthy = true, IsRefusal = true };
            var others = all.Any(r => !tried.Contains(r) && r.IsOpenToTries);
            throw new ReplicaException(failure.Message, failure) { IsHealthy = true, Wait = others ? TimeSpan.Zero : failure.Wait };
        }
        finally
        {
            replica.GiveBack(request.Texts.Count);
        }
    }

    static async Task<RewardScores> SendAsync(ScoringRequest request, byte[] body, Replica replica, CancellationToken cancellationToken)
    {
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, "v1/score") { Content = new ByteArrayContent(body) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var answer = await replica.Client.SendAsync(message, HttpCompletionOption.ResponseContentRead, cancellationToken);
            return ScoringAnswers.Read(answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(cancellationToken), answer.Headers.RetryAfter?.Delta, request, replica);
        }
        catch (Exception e) when (e is HttpRequestException or IOException and not ReplicaException)
        {
            throw new ReplicaException($"{replica} cannot be asked: {e.Message}", e);
        }
    }

    ScoreBody BodyOf(ScoringRequest request) => new([.. request.Texts.Select(InputOf)])
    {
        Models = [request.Model],
        PerToken = request.PerToken,
        Deterministic = request.Deterministic,
        DeadlineMs = (int)Math.Clamp((request.Within ?? _settings.Try).TotalMilliseconds, 1, 3_600_000),
    };

    static ScoreInput InputOf(TextToScore text) => text switch
    {
        TextToScore.Tokens tokens => new() { PromptIds = tokens.Ids[..tokens.PromptLength], CompletionIds = [tokens.Ids[tokens.PromptLength..]] },
        TextToScore.Answered answered => new() { Turns = answered.Prompt, Completions = [answered.Completion] },
        _ => throw new ArgumentException($"A text is {text.GetType().Name}; expected turns with a completion, or tokens."),
    };
}
