using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Rlhf.Adapters.Mlflow;

/// <summary>How requests travel: redirects are answers, not followed (credentials go nowhere else, and a login page is no success).</summary>
static class MlflowTransport
{
    public static SocketsHttpHandler Handler(MlflowSettings settings) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        SslOptions = Tls(settings),
    };

    static SslClientAuthenticationOptions Tls(MlflowSettings settings)
    {
#pragma warning disable CA5359 // MLFLOW_TRACKING_INSECURE_TLS asks for just this
        if (settings.InsecureTls) return new() { RemoteCertificateValidationCallback = (_, _, _, _) => true };
#pragma warning restore CA5359
        if (settings.ServerCertificates is not { } path) return new();
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(Read(path));
        return new() { CertificateChainPolicy = policy };
    }

    static X509Certificate2Collection Read(string path)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            foreach (var file in Directory.Exists(path) ? Directory.GetFiles(path) : [path]) certificates.ImportFromPemFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidDataException($"MLFLOW_TRACKING_SERVER_CERT_PATH names '{path}', which cannot be read as certificates: {e.Message}", e);
        }
        return certificates.Count > 0 ? certificates
            : throw new InvalidDataException($"MLFLOW_TRACKING_SERVER_CERT_PATH names '{path}', which holds no certificate; expected PEM.");
    }
}
