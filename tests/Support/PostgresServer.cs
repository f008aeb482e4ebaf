using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Rlhf.Tests.Support;

/// <summary>
/// A PostgreSQL server of the tests' own on loopback, started at its first use from the machine's binaries and stopped with the process. Where
/// there are none a test is skipped, and fails in CI.
/// </summary>
internal sealed class PostgresServer
{
    static readonly Lazy<PostgresServer?> Shared = new(Start);

    readonly int _port;
    int _databases;

    PostgresServer(int port) => _port = port;

    public int Port => _port;

    /// <summary>The connection string of a database that is new and empty.</summary>
    public static string NewDatabase() => Required().Create();

    public static PostgresServer Required()
    {
        if (Shared.Value is { } server) return server;
        const string reason = "PostgreSQL is not installed (Debian: apt-get install postgresql).";
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 }) Assert.Fail(reason);
        Assert.Skip(reason);
        throw new UnreachableException();
    }

    string Create()
    {
        var name = $"rlhf_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        connection.Open();
        using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        command.ExecuteNonQuery();
        return ConnectionString(name);
    }

    string ConnectionString(string database) => $"Host=127.0.0.1;Port={_port};Database={database};Username=rlhf;Pooling=true;Timeout=5";

    static PostgresServer? Start()
    {
        if (Binaries() is not { } binaries) return null;
        var folder = Directory.CreateTempSubdirectory("rlhf-postgres-").FullName;
        var data = Path.Combine(folder, "data");
        var port = FreePort();
        // The server refuses to run as root; Debian's package brings a user for it.
        var asRoot = Environment.UserName == "root";
        if (asRoot) Run("chown", "-R", "postgres", folder);
        string[] user = asRoot ? ["runuser", "-u", "postgres", "--"] : [];
        Run([.. user, Path.Combine(binaries, "initdb"), "-D", data, "-U", "rlhf", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        string[] options = ["-c", "listen_addresses=127.0.0.1", "-c", $"unix_socket_directories={folder}", "-c", "fsync=off", "-c", "max_connections=300"];
        string[] command = [.. user, Path.Combine(binaries, "postgres"), "-D", data, "-p", $"{port}", .. options];
        var server = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        server.ErrorDataReceived += (_, _) => { };
        server.OutputDataReceived += (_, _) => { };
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();
        var started = new PostgresServer(port);
        started.WaitUntilReady(server);
        // Not the process that was started: as root that is one around the server.
        var id = int.Parse(File.ReadLines(Path.Combine(data, "postmaster.pid")).First(), System.Globalization.CultureInfo.InvariantCulture);
        Leash.Hold(id);
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Stop(user, binaries, data, folder);
            Leash.Release(id);
        };
        return started;
    }

    void WaitUntilReady(Process server)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                using var connection = new NpgsqlConnection(ConnectionString("postgres"));
                connection.Open();
                return;
            }
            catch (NpgsqlException) when (i < 300 && !server.HasExited)
            {
                Task.Delay(100).Wait();
            }
        }
    }

    static void Stop(string[] user, string binaries, string data, string folder)
    {
        Run([.. user, Path.Combine(binaries, "pg_ctl"), "-D", data, "-m", "immediate", "stop"]);
        Directory.Delete(folder, recursive: true);
    }

    static string? Binaries()
    {
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(d => Path.Combine(d, "bin")) : [];
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return debian.Concat(path).FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "postgres")));
    }

    static void Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', command)} failed: {output.Result}{errors.Result}");
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
