using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace Rlhf.Tests.Support;

/// <summary>
/// An Azurite Blob service of the tests' own on loopback, started at its first use from <c>tests/Support/azurite</c> and stopped with the
/// process. Where it is not installed a test is skipped, and fails in CI.
/// </summary>
internal sealed class AzuriteServer
{
    /// <summary>The account that Azurite has for everybody, and the key that its documentation publishes.</summary>
    public const string Account = "devstoreaccount1";
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    static readonly Lazy<AzuriteServer?> Shared = new(Start);

    int _containers;

    AzuriteServer(int port) => Port = port;

    public int Port { get; }

    /// <summary>The connection string of the service, or of what stands before it on another port.</summary>
    public string ConnectionString(int? port = null) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://127.0.0.1:{port ?? Port}/{Account};";

    /// <summary>A name that no other test has; the container itself is not made.</summary>
    public string NewContainer() => $"c{Environment.ProcessId}-{Interlocked.Increment(ref _containers)}";

    public static AzuriteServer Required()
    {
        if (Shared.Value is { } server) return server;
        const string reason = "Azurite is not installed (npm ci in tests/Support/azurite; needs Node.js).";
        // What xunit takes for a skip; its own method would keep programs that are no tests from using this file.
        throw new InvalidOperationException(Environment.GetEnvironmentVariable("CI") is { Length: > 0 } ? reason : $"$XunitDynamicSkip${reason}");
    }

    /// <summary>Starts another one than the shared one, or null where it is not installed.</summary>
    public static AzuriteServer? Start()
    {
        var root = typeof(AzuriteServer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!;
        var main = Path.Combine(root, "tests", "Support", "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js");
        if (!File.Exists(main)) return null;
        var folder = Directory.CreateTempSubdirectory("rlhf-azurite-").FullName;
        var port = FreePort();
        string[] options = ["--blobHost", "127.0.0.1", "--blobPort", $"{port}", "--location", folder, "--disableTelemetry", "--skipApiVersionCheck", "--silent"];
        if (Run(main, options) is not { } server) return null;
        Leash.Hold(server.Id);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop(server, folder);
        WaitUntilReady(server, port);
        return new(port);
    }

    static Process? Run(string main, string[] options)
    {
        try
        {
            var server = Process.Start(new ProcessStartInfo("node", [main, .. options]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            server.ErrorDataReceived += (_, _) => { };
            server.OutputDataReceived += (_, _) => { };
            server.BeginErrorReadLine();
            server.BeginOutputReadLine();
            return server;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // No Node.js.
        }
    }

    static void WaitUntilReady(Process server, int port)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", port);
                return;
            }
            catch (SocketException) when (i < 300 && !server.HasExited)
            {
                Task.Delay(100).Wait();
            }
        }
    }

    static void Stop(Process server, string folder)
    {
        server.Kill();
        server.WaitForExit();
        Leash.Release(server.Id);
        Directory.Delete(folder, recursive: true);
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
