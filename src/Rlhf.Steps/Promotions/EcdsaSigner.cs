using System.Security.Cryptography;

namespace Rlhf.Steps.Promotions;

/// <summary>A private key on the curve P-256 in memory.</summary>
public sealed class EcdsaSigner : ISigner, IDisposable
{
    readonly ECDsa _key;

    EcdsaSigner(ECDsa key)
    {
        _key = key;
        PublicKeyPem = key.ExportSubjectPublicKeyInfoPem();
        KeyId = KeyIdOf(key);
    }

    public string KeyId { get; }

    public string PublicKeyPem { get; }

    /// <param name="name">Where the text came from, for the error.</param>
    /// <exception cref="ArgumentException">The text is no private key on P-256; the message holds nothing of it.</exception>
    public static EcdsaSigner Parse(string pem, string name)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            _ = key.ExportECPrivateKey(); // a public key alone signs nothing
            return new(OnP256(key));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new ArgumentException($"{name} is no private key for promotions; expected an unencrypted PEM of ECDSA on P-256, as from: openssl ecparam -genkey -name prime256v1 -noout.", e);
        }
    }

    /// <summary>A new private key, PEM (PKCS#8).</summary>
    public static string NewPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    public Task<byte[]> SignAsync(byte[] content, CancellationToken cancellationToken)
    {
        lock (_key) return Task.FromResult(_key.SignData(content, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    public void Dispose() => _key.Dispose();

    /// <summary>The id of a public key, PEM.</summary>
    /// <exception cref="ArgumentException">The text is none.</exception>
    public static string KeyIdOf(string pem)
    {
        using var key = Key(pem);
        return KeyIdOf(key);
    }

    internal static ECDsa Key(string pem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return OnP256(key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new ArgumentException("The text is no public key; expected a PEM of ECDSA on P-256 (BEGIN PUBLIC KEY).", e);
        }
    }

    static string KeyIdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..16];

    static ECDsa OnP256(ECDsa key) => key.ExportParameters(false).Curve.Oid.Value == "1.2.840.10045.3.1.7" ? key : throw new CryptographicException("The key is on another curve.");
}
