using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Rlhf.Runtime.Access;
using Rlhf.Server.OpenIdConnect;

namespace Rlhf.Server.Tests.Support;

/// <summary>An OpenID Connect issuer on loopback with one person, who is let in without a question. It makes its tokens by hand, valid and not.</summary>
sealed class StubIssuer : IAsyncDisposable
{
    public const string Client = "rlhf", Secret = "a secret: with %, + and é";

    readonly TimeProvider _time;
    readonly ConcurrentDictionary<string, Begun> _codes = new();
    WebApplication _app = null!;
    RSA _key = RSA.Create(2048);
    int _keys = 1;

    StubIssuer(TimeProvider time, string host) => (_time, Address) = (time, $"http://{host}:0");

    public string Address { get; private set; }

    /// <summary>What every token says of the person.</summary>
    public JsonObject Person { get; set; } = new() { ["sub"] = "s-1", ["preferred_username"] = "ann", ["roles"] = new JsonArray("labelers") };

    /// <summary>Makes the ID token; null for a good one.</summary>
    public Func<JsonObject, string>? IdToken { get; set; }

    /// <summary>What it calls itself; null for its address.</summary>
    public string? CallsItself { get; set; }

    /// <summary>What it answers instead of a code.</summary>
    public string? Refuses { get; set; }

    /// <summary>True where the person has to press a button before they are let in, as for most issuers.</summary>
    public bool HasForm { get; set; }

    /// <summary>What its userinfo endpoint says; null where it has none.</summary>
    public JsonObject? UserInfo { get; set; }

    /// <summary>How often its keys were fetched.</summary>
    public int KeysFetched { get; private set; }

    /// <summary>What went wrong with codes.</summary>
    public List<string> Trouble { get; } = [];

    public static async Task<StubIssuer> StartAsync(TimeProvider? time = null, string host = "127.0.0.1")
    {
        var issuer = new StubIssuer(time ?? TimeProvider.System, host);
        await issuer.StartAsync();
        return issuer;
    }

    public OidcOptions Options() => new()
    {
        Issuer = new(Address),
        ClientId = Client,
        ClientSecret = Secret,
        Audience = Client,
        Roles = [new("admins", Role.Administrator), new("operators", Role.Operator), new("labelers", Role.Labeler)],
    };

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(Address.Replace("localhost:0", "127.0.0.1:0", StringComparison.Ordinal));
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", Discovery);
        _app.MapGet("/jwks", Keys);
        _app.MapGet("/authorize", Authorize);
        _app.MapPost("/authorize", LetIn);
        _app.MapPost("/token", TokenAsync);
        _app.MapGet("/userinfo", context => context.Request.Headers.Authorization == "Bearer opaque" ? context.Response.WriteAsJsonAsync(UserInfo!) : Task.FromException(new InvalidOperationException("No token.")));
        await _app.StartAsync();
        Address = $"{new UriBuilder(_app.Urls.Single()) { Host = new Uri(Address).Host }.Uri}".TrimEnd('/');
    }

    public ValueTask StopAsync() => _app.DisposeAsync();

    /// <summary>Another key, and the old one counts no longer.</summary>
    public void ChangeKey()
    {
        _key = RSA.Create(2048);
        _keys++;
    }

    /// <summary>The claims of a good token.</summary>
    public JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = Person.DeepClone().AsObject();
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        (claims["iss"], claims["aud"], claims["iat"], claims["exp"]) = (Address, Client, now, now + 300);
        change?.Invoke(claims);
        return claims;
    }

    public string Sign(JsonObject claims, string? kid = null)
    {
        var text = Parts(new() { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = kid ?? $"k{_keys}" }, claims);
        return $"{text}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <summary>A token that nobody signed.</summary>
    public static string Unsigned(JsonObject claims) => $"{Parts(new() { ["alg"] = "none", ["typ"] = "JWT" }, claims)}.";

    /// <summary>A token "signed" with what everybody may know: the public key.</summary>
    public string SignWithPublicKey(JsonObject claims, bool asPem)
    {
        var text = Parts(new() { ["alg"] = "HS256", ["typ"] = "JWT", ["kid"] = $"k{_keys}" }, claims);
        var secret = asPem ? Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem()) : _key.ExportParameters(false).Modulus!;
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)))}";
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _key.Dispose();
    }

    static string Parts(JsonObject header, JsonObject claims) =>
        $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";

    Task Discovery(HttpContext context) => context.Response.WriteAsJsonAsync(new JsonObject
    {
        ["userinfo_endpoint"] = UserInfo is null ? null : $"{Address}/userinfo",
        ["issuer"] = CallsItself ?? Address,
        ["authorization_endpoint"] = $"{Address}/authorize",
        ["token_endpoint"] = $"{Address}/token",
        ["jwks_uri"] = $"{Address}/jwks",
    });

    Task Keys(HttpContext context)
    {
        KeysFetched++;
        var key = _key.ExportParameters(false);
        return context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA",
                ["use"] = "sig",
                ["alg"] = "RS256",
                ["kid"] = $"k{_keys}",
                ["n"] = Base64Url.EncodeToString(key.Modulus),
                ["e"] = Base64Url.EncodeToString(key.Exponent),
            }),
        });
    }

    async Task Authorize(HttpContext context)
    {
        if (HasForm)
        {
            context.Response.ContentType = "text/html";
            await context.Response.WriteAsync("<!DOCTYPE html><form method=\"post\"><button>It is me</button></form><link rel=\"icon\" href=\"data:,\">");
            return;
        }
        LetIn(context);
    }

    void LetIn(HttpContext context)
    {
        string Asked(string name) => context.Request.Query[name].Single()!;
        Assert.Equal(("code", "S256", Client), (Asked("response_type"), Asked("code_challenge_method"), Asked("client_id")));
        var code = Guid.NewGuid().ToString("N");
        _codes[code] = new(Asked("nonce"), Asked("code_challenge"), Asked("redirect_uri"));
        context.Response.Redirect($"{Asked("redirect_uri")}?{(Refuses is null ? $"code={code}" : $"error={Refuses}")}&state={Uri.EscapeDataString(Asked("state"))}");
    }

    async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        // By RFC 6749 both halves are form-encoded before they are joined.
        var basic = Encoding.UTF8.GetString(Convert.FromBase64String(context.Request.Headers.Authorization.ToString()["Basic ".Length..])).Split(':').Select(System.Net.WebUtility.UrlDecode).ToArray();
        _codes.TryRemove(form["code"].ToString(), out var begun);
        var trouble = basic is not [Client, Secret] ? "invalid_client"
            : begun is null || begun.Callback != form["redirect_uri"]
                || begun.Challenge != Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) ? "invalid_grant"
            : null;
        if (trouble is not null)
        {
            Trouble.Add(trouble);
            context.Response.StatusCode = 400;
            await context.Response.WriteAsJsonAsync(new JsonObject { ["error"] = trouble });
            return;
        }
        var claims = Claims(c => c["nonce"] = begun!.Nonce);
        await context.Response.WriteAsJsonAsync(new JsonObject { ["access_token"] = "opaque", ["token_type"] = "Bearer", ["id_token"] = IdToken?.Invoke(claims) ?? Sign(claims) });
    }

    sealed record Begun(string Nonce, string Challenge, string Callback);
}
