using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Rlhf.Adapters.Mlflow;

namespace Rlhf.Adapters.Tests.Mlflow;

public sealed class TlsTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_certificate_that_nobody_signed_is_trusted_only_where_that_is_asked_for()
    {
        using var certificate = SelfSigned("127.0.0.1");
        using var other = SelfSigned("127.0.0.1");
        await using var server = await ServeAsync(certificate);
        var (right, wrong) = (Path.Combine(_folder, "right.pem"), Path.Combine(_folder, "wrong.pem"));
        await File.WriteAllTextAsync(right, certificate.ExportCertificatePem(), Token);
        await File.WriteAllTextAsync(wrong, other.ExportCertificatePem(), Token);
        MlflowClient Client(string name, string? value) => new(Clients.Settings(("MLFLOW_TRACKING_URI", server.Urls.First()), (name, value)), Clients.Patient());
        using var plain = Client("none", null);
        using var trusting = Client("MLFLOW_TRACKING_SERVER_CERT_PATH", right);
        using var mistaken = Client("MLFLOW_TRACKING_SERVER_CERT_PATH", wrong);
        using var careless = Client("MLFLOW_TRACKING_INSECURE_TLS", "true");

        await trusting.CheckHealthAsync(Token);
        await careless.CheckHealthAsync(Token);

        foreach (var client in (MlflowClient[])[plain, mistaken])
        {
            var e = await Assert.ThrowsAsync<MlflowException>(() => client.CheckHealthAsync(Token));
            Assert.Equal((MlflowErrors.Unreachable, true), (e.ErrorCode, e.Permanent));
        }
    }

    [Fact]
    public async Task A_trusted_certificate_of_another_host_is_not_this_one_s()
    {
        using var certificate = SelfSigned("10.9.8.7");
        await using var server = await ServeAsync(certificate);
        await File.WriteAllTextAsync(Path.Combine(_folder, "ca.pem"), certificate.ExportCertificatePem(), Token);
        using var client = new MlflowClient(
            Clients.Settings(("MLFLOW_TRACKING_URI", server.Urls.First()), ("MLFLOW_TRACKING_SERVER_CERT_PATH", _folder)), Clients.Patient());

        await Assert.ThrowsAsync<MlflowException>(() => client.CheckHealthAsync(Token));
    }

    [Fact]
    public void Certificates_that_cannot_be_read_are_named()
    {
        var empty = Path.Combine(_folder, "empty.pem");
        File.WriteAllText(empty, "nothing");

        foreach (var path in (string[])[empty, Path.Combine(_folder, "none.pem")])
        {
            var settings = Clients.Settings(("MLFLOW_TRACKING_URI", "https://h"), ("MLFLOW_TRACKING_SERVER_CERT_PATH", path));
            Assert.Contains(path, Assert.Throws<InvalidDataException>(() => new MlflowClient(settings, Clients.Patient())).Message);
        }
    }

    static X509Certificate2 SelfSigned(string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=mlflow", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    static async Task<WebApplication> ServeAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("OK"));
        await app.StartAsync();
        return app;
    }
}
