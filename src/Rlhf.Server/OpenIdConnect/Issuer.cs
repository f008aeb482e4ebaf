using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Rlhf.Server.OpenIdConnect;

/// <summary>
/// What the issuer says of itself: its endpoints and keys. It is asked when somebody comes in and not when the server starts, which does not need it. What it said is
/// looked at again every hour, and goes on to count for a day while it cannot be asked.
/// </summary>
sealed class Issuer : IDisposable
{
    static readonly TimeSpan Fresh = TimeSpan.FromHours(1), Usable = TimeSpan.FromDays(1), Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long it is left alone after it was asked, so that forged tokens and its own trouble do not become a flood.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    const int LongestAnswer = 1 << 20;

    readonly OidcOptions _options;
    readonly TimeProvider _time;
    readonly Action<string> _log;
    readonly SemaphoreSlim _one = new(1);
    OpenIdConnectConfiguration? _known;
    OidcException? _failure;
    DateTimeOffset _knownAt, _askedAt;

    /// <param name="log">Takes a line whenever it cannot be asked.</param>
    public Issuer(OidcOptions options, TimeProvider time, Action<string> log)
    {
        (_options, _time, _log) = (options, time, log);
        Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !options.IsOnThisMachine, PooledConnectionLifetime = Fresh })
        {
            Timeout = Patience,
            MaxResponseContentBufferSize = LongestAnswer,
        };
    }

    public HttpClient Http { get; }

    /// <param name="anew">True where what is known was not enough, as after a change of keys.</param>
    /// <exception cref="OidcException">It cannot be asked, or says what it may not.</exception>
    public async Task<OpenIdConnectConfiguration> AskAsync(bool anew, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = _time.GetUtcNow();
            if (_known is not null && now - _knownAt < (anew ? Pause : Fresh)) return _known;
            if (_failure is null || now - _askedAt >= Pause) await TryAsync(now, cancellationToken);
            return _failure is null || (_known is not null && now - _knownAt < Usable) ? _known! : throw new OidcException(_failure.Status, _failure.Message, _failure);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        Http.Dispose();
        _one.Dispose();
    }

    async Task TryAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            _known = await ReadAsync(cancellationToken);
            (_knownAt, _failure) = (now, null);
        }
        catch (OidcException e)
        {
            (_askedAt, _failure) = (now, e);
            _log(e.Message);
        }
    }

    async Task<OpenIdConnectConfiguration> ReadAsync(CancellationToken cancellationToken)
    {
        OpenIdConnectConfiguration found;
        try
        {
            var documents = new HttpDocumentRetriever(Http) { RequireHttps = !_options.IsOnThisMachine };
            found = await OpenIdConnectConfigurationRetriever.GetAsync($"{_options.Name}/.well-known/openid-configuration", documents, cancellationToken);
        }
        catch (Exception e)
        {
            // Whatever the library makes of an answer that is none, or of somebody who no longer waits for one.
            cancellationToken.ThrowIfCancellationRequested();
            throw new OidcException(StatusCodes.Status503ServiceUnavailable, $"The issuer {_options} cannot be asked at the moment ({Reason(e)}); keys work meanwhile.", e);
        }
        if (found.Issuer?.TrimEnd('/') != _options.Name)
            throw Wrong($"calls itself '{found.Issuer}'; expected '{_options.Name}', as {OidcOptions.IssuerVariable} says");
        foreach (var endpoint in Endpoints(found))
        {
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || (uri.Scheme != Uri.UriSchemeHttps && !_options.IsOnThisMachine))
                throw Wrong($"has the endpoint '{endpoint}'; expected an https address");
        }
        return found.SigningKeys.Count > 0 ? found : throw Wrong("has no keys; expected one at least");
    }

    static IEnumerable<string> Endpoints(OpenIdConnectConfiguration found)
    {
        yield return found.AuthorizationEndpoint;
        yield return found.TokenEndpoint;
        if (found.UserInfoEndpoint is { Length: > 0 } userInfo) yield return userInfo;
    }

    OidcException Wrong(string what) => new(StatusCodes.Status503ServiceUnavailable, $"The issuer {_options} {what}.");

    static string Reason(Exception e)
    {
        while (e.InnerException is { } inner) e = inner;
        return e switch
        {
            OperationCanceledException or TimeoutException => "it does not answer in time",
            System.Net.Sockets.SocketException socket => socket.Message,
            System.Security.Authentication.AuthenticationException => "its certificate is not trusted",
            _ => "it does not answer as an issuer does",
        };
    }
}
