using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Judge;

/// <summary>What an endpoint said to one request: the text, or why there is none; tokens where it counts them.</summary>
sealed record EndpointAnswer(string Text, string? Trouble, long? InputTokens, long? OutputTokens)
{
    public string? AnsweredAs { get; init; }

    /// <summary>Null where it gives no log-probabilities.</summary>
    public IReadOnlyList<OpenAI.Chat.ChatTokenLogProbabilityDetails>? Tokens { get; init; }
}

/// <summary>An OpenAI-compatible endpoint. Requests pass one pipeline: its rate, retries and breaks.</summary>
sealed class JudgeEndpoint(IChatClient client, ResiliencePipeline<ChatResponse> pipeline, JudgeSettings settings)
{
    const int AlternativesListed = 5, LongestQuoted = 300;

    // Codes by which an endpoint refuses what it is asked, and would answer something else.
    static readonly string[] OfOneQuestion = ["content_filter", "context_length_exceeded"];

    public static JudgeEndpoint Open(JudgeSettings settings, PipelineOptions? resilience, TimeProvider time)
    {
        var options = resilience ?? PipelineOptions.OfTry(settings.Timeout);
        // A call waits for its turn within its total.
        if (settings.PerMinute is { } perMinute) options = options with { PerSecond = perMinute / 60, Total = options.Total + settings.AtOnce * TimeSpan.FromMinutes(1 / perMinute) };
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(15), PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
        var http = new HttpClient(settings.Key is null ? new WithoutKey { InnerHandler = handler } : handler) { Timeout = Timeout.InfiniteTimeSpan };
        var chat = new OpenAI.Chat.ChatClient(settings.Model, new ApiKeyCredential(settings.Key ?? "none"), new OpenAIClientOptions
        {
            Endpoint = settings.Address,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        });
        return new(chat.AsIChatClient(), Pipelines.Judge(options, time), settings);
    }

    /// <summary>The most tokens a request can take: no token of a text is shorter than a byte; what a chat template writes around each message is little.</summary>
    public static long MostInput(IEnumerable<ChatMessage> messages) => messages.Sum(m => Encoding.UTF8.GetByteCount(m.Text) + 32L) + Encoding.UTF8.GetByteCount(JudgeAnswer.Schema.GetRawText());

    /// <exception cref="InvalidDataException">The endpoint refuses the request, and will go on so.</exception>
    /// <exception cref="IOException">It could not be reached or had no answer for as long as was tried; later it may.</exception>
    public async Task<EndpointAnswer> AskAsync(IReadOnlyList<ChatMessage> messages, JudgeTerms terms, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await pipeline.ExecuteAsync(async token => await client.GetResponseAsync(messages, Options(terms), token), cancellationToken));
        }
        catch (ClientResultException e) when (e.Status is 401 or 403)
        {
            // What the endpoint says of the key may repeat a part of it.
            throw new InvalidDataException($"The judge at {settings.Address} refuses access ({e.Status}); {JudgeSettings.KeyVariable} is {(settings.Key is null ? "not set" : "set to a key that it does not take")}.", e);
        }
        catch (ClientResultException e) when (e.Status == 400 && OfOneQuestion.Any(code => e.Message.Contains(code, StringComparison.Ordinal)))
        {
            return new("", $"the endpoint refuses the question: '{Quoted(e)}'", InputTokens: 0, OutputTokens: 0);
        }
        catch (ClientResultException e) when (e.Status is >= 300 and not (408 or 500 or 502 or 503 or 504) && !(e.Status == 429 && !Pipelines.IsOutOfQuota(e)))
        {
            throw new InvalidDataException($"The judge at {settings.Address} does not answer such requests ({e.Status}) for model '{settings.Model}': {Quoted(e)}", e);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is ClientResultException or TimeoutRejectedException or BrokenCircuitException or HttpRequestException or IOException or OperationCanceledException)
        {
            throw new IOException($"The judge at {settings.Address} could not be asked: {(e is ClientResultException { Status: not 0 } failed ? $"{failed.Status}, {Quoted(failed)}" : (e.InnerException ?? e).Message)}", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            return new("", "the endpoint's answer is no chat completion", null, null);
        }
    }

    static ChatOptions Options(JudgeTerms terms) => new()
    {
        Temperature = (float)terms.Temperature,
        Seed = terms.Seed,
        MaxOutputTokens = terms.AnswerTokens,
        ResponseFormat = ChatResponseFormat.ForJsonSchema(JudgeAnswer.Schema, "verdict", "A critique of two answers, and which is the better one."),
        RawRepresentationFactory = _ =>
        {
            var options = new OpenAI.Chat.ChatCompletionOptions
            {
                ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat("verdict", BinaryData.FromString(JudgeAnswer.Schema.GetRawText()), jsonSchemaIsStrict: true),
            };
            if (terms.Logprobs) (options.IncludeLogProbabilities, options.TopLogProbabilityCount) = (true, AlternativesListed);
            return options;
        },
    };

    static EndpointAnswer Read(ChatResponse response)
    {
        var raw = response.RawRepresentation as OpenAI.Chat.ChatCompletion;
        var refusal = raw?.Refusal is { Length: > 0 } refused ? refused : response.Messages.SelectMany(m => m.Contents).OfType<ErrorContent>().FirstOrDefault()?.Message;
        var finish = response.FinishReason;
        var trouble = refusal is not null ? $"the model refuses: '{Short(refusal)}'"
            : finish == ChatFinishReason.Length ? "it was cut off, being too long"
            : finish == ChatFinishReason.ContentFilter ? "the endpoint's content filter stopped it"
            : string.IsNullOrWhiteSpace(response.Text) ? "it is empty"
            : null;
        return new(response.Text, trouble, response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount)
        {
            AnsweredAs = response.ModelId,
            Tokens = raw?.ContentTokenLogProbabilities is { Count: > 0 } tokens ? tokens : null,
        };
    }

    static string Quoted(ClientResultException e) => Short(e.Message.ReplaceLineEndings(" "));

    static string Short(string text) => text.Length > LongestQuoted ? $"{text[..LongestQuoted]}…" : text;

    // The client does not go without a key, and an endpoint that takes none may refuse one.
    sealed class WithoutKey : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = null;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
