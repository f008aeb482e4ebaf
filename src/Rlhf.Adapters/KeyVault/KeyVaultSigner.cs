using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Identity;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Promotions;

namespace Rlhf.Adapters.KeyVault;

/// <summary>
/// Signs with a key that never leaves its vault (ES256: ECDSA on P-256 with SHA-256), over the vault's REST API, version 7.4, by what DefaultAzureCredential finds.
/// The credential needs the permissions to get the key and to sign with it (the role Key Vault Crypto User). A key without a version is the newest one, from then on.
/// </summary>
public sealed class KeyVaultSigner : ISigner, IDisposable
{
    const string ApiVersion = "api-version=7.4";

    static readonly PipelineOptions Patience = new() { Total = TimeSpan.FromMinutes(1), Try = TimeSpan.FromSeconds(15), Retries = 4 };

    readonly KeyVaultKey _key;
    readonly TokenCredential _credential;
    readonly HttpClient _client;
    readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    readonly ECDsa _public;
    readonly Uri _version;

    KeyVaultSigner(KeyVaultKey key, TokenCredential credential, HttpClient client, ResiliencePipeline<HttpResponseMessage> pipeline)
    {
        (_key, _credential, _client, _pipeline) = (key, credential, client, pipeline);
        // Who asks for a signer has to know its key.
        var jwk = Field(AskAsync(HttpMethod.Get, key.Address, null, CancellationToken.None).GetAwaiter().GetResult(), "key");
        (_version, _public) = (VersionOf(jwk), PublicKey(jwk));
        PublicKeyPem = _public.ExportSubjectPublicKeyInfoPem();
        KeyId = EcdsaSigner.KeyIdOf(PublicKeyPem);
    }

    public string KeyId { get; }

    public string PublicKeyPem { get; }

    /// <summary>Reads the public key.</summary>
    /// <exception cref="IOException">The vault cannot be reached, refuses, or the key is none of ECDSA on P-256.</exception>
    public static KeyVaultSigner Open(KeyVaultKey key, TimeProvider time) => Open(key, new DefaultAzureCredential(), new SocketsHttpHandler { AllowAutoRedirect = false }, time, Patience);

    internal static KeyVaultSigner Open(KeyVaultKey key, TokenCredential credential, HttpMessageHandler handler, TimeProvider time, PipelineOptions patience)
    {
        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        try
        {
            return new(key, credential, client, Pipelines.KeyVault(patience, time));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async Task<byte[]> SignAsync(byte[] content, CancellationToken cancellationToken)
    {
        var hash = SHA256.HashData(content);
        var answer = await AskAsync(HttpMethod.Post, new($"{_version}/sign"), new() { ["alg"] = "ES256", ["value"] = Base64Url.EncodeToString(hash) }, cancellationToken);
        var signature = Bytes(answer, "value");
        // Whatever came back is checked, before it stands in a record for ever.
        if (!_public.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)) throw new IOException($"{_key} answered with a signature that its own public key does not confirm.");
        return Der(signature);
    }

    public void Dispose()
    {
        _client.Dispose();
        _public.Dispose();
    }

    async Task<JsonObject> AskAsync(HttpMethod method, Uri address, JsonObject? body, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _pipeline.ExecuteAsync(async token => await TryAsync(method, address, body, token), cancellationToken);
            var content = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!answer.IsSuccessStatusCode) throw new IOException($"{_key} answered {(int)answer.StatusCode} ({answer.StatusCode}){Reason(content)}; expected the permissions to get the key and to sign with it.");
            return JsonNode.Parse(content) as JsonObject ?? throw Odd();
        }
        catch (Exception e) when (e is HttpRequestException or AuthenticationFailedException or TimeoutRejectedException or BrokenCircuitException)
        {
            throw new IOException($"{_key} could not be asked: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new IOException(Odd().Message, e);
        }
    }

    async Task<HttpResponseMessage> TryAsync(HttpMethod method, Uri address, JsonObject? body, CancellationToken cancellationToken)
    {
        var token = await _credential.GetTokenAsync(new([_key.Scope]), cancellationToken);
        using var request = new HttpRequestMessage(method, new Uri($"{address}?{ApiVersion}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Token);
        if (body is not null) request.Content = JsonContent.Create(body);
        return await _client.SendAsync(request, cancellationToken);
    }

    Uri VersionOf(JsonObject jwk)
    {
        try
        {
            var version = KeyVaultKey.Parse($"{jwk["kid"]}", "The vault's own name of the key");
            return version.Address.Host == _key.Address.Host ? version.Address : throw Odd();
        }
        catch (ArgumentException e)
        {
            throw new IOException($"{_key}: {e.Message}", e);
        }
    }

    ECDsa PublicKey(JsonObject jwk)
    {
        if ($"{jwk["kty"]}" is not ("EC" or "EC-HSM") || $"{jwk["crv"]}" != "P-256") throw new IOException($"{_key} is a key of the kind {jwk["kty"]} {jwk["crv"]}; expected EC or EC-HSM on P-256.");
        try
        {
            return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = Bytes(jwk, "x"), Y = Bytes(jwk, "y") } });
        }
        catch (CryptographicException e)
        {
            throw new IOException(Odd().Message, e);
        }
    }

    JsonObject Field(JsonObject answer, string name) => answer[name] as JsonObject ?? throw Odd();

    byte[] Bytes(JsonObject answer, string name)
    {
        try
        {
            return Base64Url.DecodeFromChars($"{answer[name]}");
        }
        catch (FormatException e)
        {
            throw new IOException(Odd().Message, e);
        }
    }

    IOException Odd() => new($"{_key} did not answer as a vault; expected its REST API.");

    // The vault's own code says enough; its sentence may name a person.
    static string Reason(byte[] content)
    {
        try
        {
            return JsonNode.Parse(content)?["error"]?["code"] is JsonValue code ? $", {code}" : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>A signature of two numbers side by side as everybody else writes it.</summary>
    static byte[] Der(byte[] signature)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Trimmed(signature.AsSpan(0, signature.Length / 2)));
            writer.WriteIntegerUnsigned(Trimmed(signature.AsSpan(signature.Length / 2)));
        }
        return writer.Encode();
    }

    static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> number) => number.TrimStart((byte)0) is { Length: > 0 } rest ? rest : number[^1..];
}
