using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow.Replay;

/// <summary>
/// Every recorded exchange of a real server: the client makes the recorded request where it can, reads what was answered, and turns every
/// recorded error into its exception.
/// </summary>
public class ReplayTests
{
    enum Kind
    {
        /// <summary>The client sent what was recorded and read the answer.</summary>
        Done,

        /// <summary>The client sent what was recorded; of the answer only the beginning was recorded, which it took for one that was cut.</summary>
        Cut,

        /// <summary>The client sent what was recorded and threw the right exception.</summary>
        Failed,

        /// <summary>The client cannot or will not send what was recorded; a request of the same kind got the answer and threw the right exception.</summary>
        FailedOtherwise,

        /// <summary>The server took what the client cannot or will not send.</summary>
        Refused,

        /// <summary>A route that the client does not use; its error would be the right exception.</summary>
        UnusedFailed,

        /// <summary>A route that the client does not use.</summary>
        Unused,
    }

    sealed record Outcome(Exchange Exchange, Kind Kind, string Why);

    [Theory]
    [InlineData("rest-3.11.jsonl", "Done 157, Cut 2, Failed 45, FailedOtherwise 67, Refused 27, UnusedFailed 15, Unused 17")]
    [InlineData("rest-3.11-auth.jsonl", "Done 8, Failed 8, UnusedFailed 3, Unused 1")]
    [InlineData("python-client-traffic.jsonl", "Done 64, Failed 5, FailedOtherwise 1, Unused 4")]
    public async Task What_a_real_server_was_sent_and_answered_fits_the_client(string file, string expected)
    {
        var exchanges = Exchange.Load(file);
        var kinds = Kinds([.. exchanges, .. Exchange.Load("rest-3.11.jsonl"), .. Exchange.Load("python-client-traffic.jsonl")]);
        await using var server = await ReplayServer.StartAsync();

        var outcomes = new List<Outcome>();
        foreach (var exchange in exchanges) outcomes.Add(await PlayAsync(exchange, server, kinds));

        foreach (var outcome in outcomes.Where(o => o.Kind is not (Kind.Done or Kind.Failed)).OrderBy(o => o.Kind))
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{outcome.Kind}: {outcome.Exchange.Number} {outcome.Exchange.Status} {outcome.Exchange.Route} ({outcome.Exchange.Note}): {outcome.Why}");
        var counts = string.Join(", ", outcomes.GroupBy(o => o.Kind).OrderBy(g => g.Key).Select(g => $"{g.Key} {g.Count()}"));
        TestContext.Current.TestOutputHelper?.WriteLine($"{file}, {exchanges.Count} exchanges: {counts}");
        Assert.Equal(expected, counts);
    }

    static async Task<Outcome> PlayAsync(Exchange exchange, ReplayServer server, HashSet<(string, string, JsonValueKind)> kinds)
    {
        using var client = new MlflowClient(Settings(exchange, server.Address), Clients.Patient());
        server.Play(exchange);
        var token = TestContext.Current.CancellationToken;
        string? why;
        try
        {
            var fields = new Recorded(exchange);
            if (Calls.For(exchange, client, fields, token) is not { } call) return Unused(exchange);
            var (value, failure) = await EndAsync(call);
            why = Header(exchange) ?? Field(fields) ?? (server.Arrived.Count == 0 ? "nothing is sent for nothing"
                : string.Join("; ", Likeness.OfRequests(exchange, server.Arrived[0])) is { Length: > 0 } differences ? differences : null);
            if (why is null)
            {
                Assert.Empty(NewKinds(exchange, server.Arrived[0], kinds));
                if (exchange.IsCut)
                {
                    Assert.Equal(MlflowErrors.Unreachable, failure?.ErrorCode);
                    return new(exchange, Kind.Cut, "the recording has only the beginning of the answer");
                }
                if (exchange.IsError) AssertFailure(exchange, failure, server.Arrived.Count);
                else AssertValue(exchange, value, failure);
                if (exchange.Headers.TryGetValue("Authorization", out var header)) Assert.Equal(header, server.Arrived[0].Headers["Authorization"]);
                return new(exchange, exchange.IsError ? Kind.Failed : Kind.Done, "");
            }
        }
        catch (Exception e) when (e is NotOursException or ArgumentException)
        {
            why = e.Message;
        }
        if (!exchange.IsError) return new(exchange, Kind.Refused, why);
        server.Play(exchange);
        if (Calls.For(exchange, client, new(exchange, standIn: true), token) is not { } instead) return Unused(exchange);
        var (_, other) = await EndAsync(instead);
        AssertFailure(exchange, other, server.Arrived.Count);
        return new(exchange, Kind.FailedOtherwise, why);
    }

    static async Task<(object? Value, MlflowException? Failure)> EndAsync(Task<object?> call)
    {
        try
        {
            return (await call, null);
        }
        catch (MlflowException e)
        {
            return (null, e);
        }
    }

    static Outcome Unused(Exchange exchange)
    {
        if (!exchange.IsError) return new(exchange, Kind.Unused, "the client does not use this route");
        using var answer = new HttpResponseMessage((System.Net.HttpStatusCode)exchange.Status) { Content = new ByteArrayContent(exchange.Answer) };
        var failure = MlflowFailure.OfAsync(new(HttpMethod.Post, "x"), answer, CancellationToken.None).GetAwaiter().GetResult();
        AssertFailure(exchange, failure, 1);
        return new(exchange, Kind.UnusedFailed, "the client does not use this route");
    }

    static void AssertFailure(Exchange exchange, MlflowException? failure, int requests)
    {
        var json = exchange.AnswerJson();
        var code = (string?)json?["error_code"] ?? exchange.Status switch
        {
            401 => MlflowErrors.Unauthenticated,
            403 => MlflowErrors.PermissionDenied,
            _ => exchange.Route.Contains("logged-models", StringComparison.Ordinal) ? MlflowErrors.NotSupportedHere : MlflowErrors.NoSuchRoute,
        };
        Assert.NotNull(failure);
        Assert.Equal((code, exchange.Status), (failure.ErrorCode, (int?)failure.Status));
        Assert.StartsWith(First((string?)json?["message"] ?? "", 40), First(failure.ServerMessage, 40));
        if (exchange.Answer is [(byte)'<', ..]) Assert.DoesNotContain("<", failure.ServerMessage);
        Assert.True(failure.Permanent);
        Assert.False(failure.MayHaveSucceeded);
        Assert.Equal(1, requests);
    }

    static void AssertValue(Exchange exchange, object? value, MlflowException? failure)
    {
        Assert.Null(failure);
        switch (value)
        {
            case null:
                return;
            case byte[] bytes:
                Assert.Equal(exchange.Answer, bytes);
                return;
            case string text when exchange.AnswerJson() is not JsonObject:
                Assert.Equal(Encoding.UTF8.GetString(exchange.Answer), text);
                return;
        }
        var read = JsonSerializer.SerializeToNode(value, value.GetType(), MlflowJson.Options)!;
        var answered = exchange.AnswerJson()!.AsObject();
        var same = read is JsonArray ? answered.Select(p => p.Value).FirstOrDefault(v => v is JsonArray) ?? new JsonArray()
            : value is not MlflowArtifacts && answered.Count == 1 ? answered.First().Value! : answered;
        Assert.Empty(Likeness.OfAnswers(same, read));
    }

    static MlflowSettings Settings(Exchange exchange, Uri address)
    {
        var header = exchange.Headers.GetValueOrDefault("Authorization")?.Split(' ');
        var basic = header is ["Basic", var encoded] ? Encoding.UTF8.GetString(Convert.FromBase64String(encoded)).Split(':', 2) : [];
        return Clients.Settings(
            ("MLFLOW_TRACKING_URI", address.ToString()),
            ("MLFLOW_TRACKING_USERNAME", basic.FirstOrDefault()),
            ("MLFLOW_TRACKING_PASSWORD", basic.LastOrDefault()),
            ("MLFLOW_TRACKING_TOKEN", header is ["Bearer", var secret] ? secret : null));
    }

    // What made a recorded exchange is in a header that this client never sends.
    static string? Header(Exchange exchange) =>
        exchange.Note.Length == 0 ? null
        : exchange.Headers.Keys.FirstOrDefault(k => k is "Host" or "Origin" or "Range" or "Content-Encoding") is { } header ? $"the header {header} is not sent"
        : exchange.Method == "POST" && exchange.Headers.GetValueOrDefault("Content-Type")?.Split(';')[0] != "application/json" ? "another content type is not sent" : null;

    static string? Field(Recorded fields) => fields.Unread.Any() ? $"not sent: {string.Join(", ", fields.Unread)}" : null;

    // Every field of a body that was taken once, with the JSON types it had.
    static HashSet<(string, string, JsonValueKind)> Kinds(IEnumerable<Exchange> exchanges) =>
        [.. exchanges.Where(e => !e.IsError && e.Method != "GET" && e.Fields is not null).SelectMany(e => e.Fields!.Where(f => f.Value is not null).Select(f => (e.Route, f.Key, f.Value!.GetValueKind())))];

    static IEnumerable<string> NewKinds(Exchange exchange, Arrived sent, HashSet<(string, string, JsonValueKind)> kinds) =>
        exchange.Method == "PUT" || exchange.IsError || sent.Json() is not { } body ? []
        : body.Where(f => !kinds.Contains((exchange.Route, f.Key, f.Value!.GetValueKind()))).Select(f => $"{exchange.Route}: {f.Key} was never sent as {f.Value!.GetValueKind()}");

    static string First(string text, int length) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) is var plain && plain.Length > length ? plain[..length] : plain;
}
