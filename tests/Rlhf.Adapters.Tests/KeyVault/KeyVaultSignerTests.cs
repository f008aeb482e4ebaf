using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Azure.Core;
using Rlhf.Adapters.KeyVault;
using Rlhf.Adapters.Resilience;
using Rlhf.Steps.Promotions;

namespace Rlhf.Adapters.Tests.KeyVault;

/// <summary>The signer against a stub of the vault's REST API that really signs; no real vault is asked.</summary>
public sealed class KeyVaultSignerTests
{
    const string Address = "https://gate.vault.azure.net/keys/promotions", Version = "0123456789abcdef0123456789abcdef";

    static readonly byte[] Content = "what is signed"u8.ToArray();

    static CancellationToken Token => TestContext.Current.CancellationToken;

    static readonly PipelineOptions Quick = new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(2), Retries = 2 };

    sealed class Credential : TokenCredential
    {
        public List<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext context, CancellationToken cancellationToken)
        {
            Scopes.AddRange(context.Scopes);
            return new("a token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext context, CancellationToken cancellationToken) => new(GetToken(context, cancellationToken));
    }

    sealed class Vault : HttpMessageHandler
    {
        readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        public List<string> Asked { get; } = [];

        public Queue<HttpStatusCode> Fails { get; } = new();

        public string Kind { get; init; } = "EC";

        public string Curve { get; init; } = "P-256";

        public string Kid { get; init; } = $"{Address}/{Version}";

        public bool Forges { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Add($"{request.Method} {request.RequestUri} {request.Headers.Authorization}");
            if (Fails.TryDequeue(out var status)) return new(status) { Content = JsonContent.Create(new JsonObject { ["error"] = new JsonObject { ["code"] = "Forbidden", ["message"] = "ann@example may not" } }) };
            var point = _key.ExportParameters(false).Q;
            if (request.Method == HttpMethod.Get)
                return Answer(new() { ["key"] = new JsonObject { ["kid"] = Kid, ["kty"] = Kind, ["crv"] = Curve, ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) } });
            var body = (await request.Content!.ReadFromJsonAsync<JsonObject>(cancellationToken))!;
            Assert.Equal("ES256", $"{body["alg"]}");
            var signature = _key.SignHash(Base64Url.DecodeFromChars($"{body["value"]}"), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
            if (Forges) signature[^1] ^= 1;
            return Answer(new() { ["kid"] = Kid, ["value"] = Base64Url.EncodeToString(signature) });
        }

        static HttpResponseMessage Answer(JsonObject content) => new(HttpStatusCode.OK) { Content = JsonContent.Create(content) };
    }

    static KeyVaultSigner Open(Vault vault, Credential? credential = null, string address = Address) =>
        KeyVaultSigner.Open(KeyVaultKey.Parse(address, "the variable"), credential ?? new(), vault, TimeProvider.System, Quick);

    [Fact]
    public async Task What_the_vault_signs_is_confirmed_by_its_public_key_and_every_signature_by_the_version_that_was_read()
    {
        var (vault, credential) = (new Vault(), new Credential());
        using var signer = Open(vault, credential);
        var trusted = new TrustedKeys(signer.PublicKeyPem);

        for (var i = 0; i < 50; i++)
        {
            var content = new byte[] { (byte)i };
            var signature = new Signature(signer.KeyId, signer.PublicKeyPem, Convert.ToBase64String(await signer.SignAsync(content, Token)));
            Assert.Null(trusted.WhatIsWrong(content, signature));
            Assert.NotNull(trusted.WhatIsWrong(Content, signature));
        }

        Assert.Equal(EcdsaSigner.KeyIdOf(signer.PublicKeyPem), signer.KeyId);
        Assert.Equal($"GET {Address}?api-version=7.4 Bearer a token", vault.Asked[0]);
        Assert.Equal($"POST {Address}/{Version}/sign?api-version=7.4 Bearer a token", vault.Asked[1]);
        Assert.All(credential.Scopes, s => Assert.Equal("https://vault.azure.net/.default", s));
    }

    [Fact]
    public async Task What_may_pass_is_tried_again_and_what_stays_so_is_told_without_what_the_vault_says_of_people()
    {
        var vault = new Vault();
        using var signer = Open(vault);
        vault.Fails.Enqueue(HttpStatusCode.TooManyRequests);
        vault.Fails.Enqueue(HttpStatusCode.ServiceUnavailable);

        await signer.SignAsync(Content, Token);
        var asked = vault.Asked.Count;
        vault.Fails.Enqueue(HttpStatusCode.Forbidden);
        var refused = await Assert.ThrowsAsync<IOException>(() => signer.SignAsync(Content, Token));

        Assert.Equal((4, 5), (asked, vault.Asked.Count));
        Assert.Equal($"{Address} answered 403 (Forbidden), Forbidden; expected the permissions to get the key and to sign with it.", refused.Message);
    }

    [Fact]
    public async Task A_key_of_another_kind_another_vault_s_name_and_a_forged_signature_are_refused()
    {
        var rsa = Assert.Throws<IOException>(() => Open(new() { Kind = "RSA" }));
        var curve = Assert.Throws<IOException>(() => Open(new() { Curve = "P-384" }));
        var elsewhere = Assert.Throws<IOException>(() => Open(new() { Kid = $"https://other.vault.azure.net/keys/promotions/{Version}" }));
        using var forger = Open(new() { Forges = true });
        var forged = await Assert.ThrowsAsync<IOException>(() => forger.SignAsync(Content, Token));

        Assert.Contains("is a key of the kind RSA P-256; expected EC or EC-HSM on P-256", rsa.Message, StringComparison.Ordinal);
        Assert.Contains("P-384", curve.Message, StringComparison.Ordinal);
        Assert.Contains("did not answer as a vault", elsewhere.Message, StringComparison.Ordinal);
        Assert.Contains("its own public key does not confirm", forged.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://gate.vault.azure.net/keys/promotions")]
    [InlineData("https://gate.vault.azure.net.evil.example/keys/promotions")]
    [InlineData("https://vault.azure.net/keys/promotions")]
    [InlineData("https://gate.vault.azure.net/secrets/promotions")]
    [InlineData("https://gate.vault.azure.net/keys/promotions/newest")]
    [InlineData("https://gate.vault.azure.net:8443/keys/promotions")]
    [InlineData("https://gate.vault.azure.net/keys/promotions?x=1")]
    public void Credentials_go_to_a_vault_s_key_and_nowhere_else(string address)
    {
        var refused = Assert.Throws<ArgumentException>(() => KeyVaultKey.Parse(address, "RLHF_SIGNING_KEY"));

        Assert.Equal($"RLHF_SIGNING_KEY is '{address}'; expected the file of a private key, or a key of Azure Key Vault such as https://NAME.vault.azure.net/keys/KEY.", refused.Message);
    }

    [Theory]
    [InlineData("https://hsm.managedhsm.azure.net/keys/k", "https://managedhsm.azure.net/.default")]
    [InlineData("https://gate.vault.usgovcloudapi.net/keys/k/0123456789abcdef0123456789abcdef", "https://vault.usgovcloudapi.net/.default")]
    public void Managed_HSMs_and_other_clouds_have_their_own_scope(string address, string scope) =>
        Assert.Equal((address, scope), ($"{KeyVaultKey.Parse(address, "it")}", KeyVaultKey.Parse(address, "it").Scope));
}
