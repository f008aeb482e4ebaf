using System.Security.Cryptography;

namespace Rlhf.Steps.Promotions;

/// <summary>An ECDSA signature (P-256, SHA-256, DER) in base64, and the public key (PEM) that whoever signed says is theirs: for people, no reason to trust it.</summary>
public sealed record Signature(string KeyId, string PublicKey, string Value);

/// <summary>Signs promotions and approvals. Failures of what holds the key are <see cref="IOException"/>s.</summary>
public interface ISigner
{
    /// <summary>The first 16 hexadecimal digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER).</summary>
    string KeyId { get; }

    string PublicKeyPem { get; }

    /// <summary>DER of ECDSA over P-256 with SHA-256, as <c>openssl dgst -sha256 -verify</c> takes it.</summary>
    Task<byte[]> SignAsync(byte[] content, CancellationToken cancellationToken);
}

/// <summary>Public keys whose signatures count.</summary>
public sealed class TrustedKeys
{
    readonly Dictionary<string, string> _keys = [];

    /// <param name="pems">Public keys, PEM.</param>
    /// <exception cref="ArgumentException">One is no public key on the curve P-256.</exception>
    public TrustedKeys(params IEnumerable<string> pems)
    {
        foreach (var pem in pems) _keys[EcdsaSigner.KeyIdOf(pem)] = pem;
    }

    /// <summary>Ids of the keys, in ordinal order.</summary>
    public IReadOnlyList<string> KeyIds => [.. _keys.Keys.Order(StringComparer.Ordinal)];

    public TrustedKeys With(TrustedKeys others) => new([.. _keys.Values, .. others._keys.Values]);

    /// <summary>Null where the signature is that of a trusted key over this content; otherwise what is wrong, in words after the thing's name.</summary>
    public string? WhatIsWrong(byte[] content, Signature signature)
    {
        if (!_keys.TryGetValue(signature.KeyId, out var pem))
            return $"is signed with key {signature.KeyId}, which is not trusted here ({(_keys.Count == 0 ? "no key is" : $"trusted: {string.Join(", ", KeyIds)}")})";
        using var key = EcdsaSigner.Key(pem);
        var value = new byte[signature.Value.Length];
        return Convert.TryFromBase64String(signature.Value, value, out var length)
            && key.VerifyData(content, value.AsSpan(0, length), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ? null
            : $"does not match its signature by key {signature.KeyId}: it was changed after it was signed, or the signature is forged";
    }
}

/// <summary>Which key signs in an environment, and which are trusted there.</summary>
public interface IPromotionKeys
{
    /// <summary>The name of the port in a step's services.</summary>
    const string Service = "promotion-keys";

    /// <exception cref="InvalidDataException">The environment needs a named key, and there is none.</exception>
    Task<ISigner> SignerAsync(string environment, CancellationToken cancellationToken);

    /// <summary>The signer's own key, where there is one, and those that were named besides.</summary>
    Task<TrustedKeys> TrustedAsync(string environment, CancellationToken cancellationToken);
}
