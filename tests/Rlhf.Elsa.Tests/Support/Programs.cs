using System.Diagnostics;
using Rlhf.Runtime.Tests.Support;

namespace Rlhf.Elsa.Tests.Support;

/// <summary>The command <c>rlhf</c> and our host as processes of their own, in the folder of the repository, on one thread of libtorch and with leases of 6 s.</summary>
static class Programs
{
    static readonly string Cli = Environment.GetEnvironmentVariable("RLHF_CLI") ?? Path.Combine(Repository.Root, "artifacts", "bin", "Rlhf.Cli", "debug", "rlhf.dll");

    /// <param name="api">The server that <c>--engine elsa</c> speaks to.</param>
    /// <param name="token">What it is asked with.</param>
    public static Process Command(string[] arguments, string? api = null, string? token = null) => Begin(Cli, arguments, api, null, token);

    public static Process Host(string[] arguments, string? database) => Begin(Path.Combine(AppContext.BaseDirectory, "Rlhf.Elsa.dll"), arguments, null, database);

    /// <summary>Runs the command to its end; what it wrote.</summary>
    public static async Task<string> RunAsync(string[] arguments, string? api = null, TimeSpan? longest = null)
    {
        using var process = Command(arguments, api);
        var (text, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var late = new CancellationTokenSource(longest ?? TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"rlhf {string.Join(' ', arguments)} did not end in time: {await errors}");
        }
        Assert.True(process.ExitCode == 0, $"rlhf {string.Join(' ', arguments)}: exit code {process.ExitCode}: {await errors}");
        return await text;
    }

    static Process Begin(string program, string[] arguments, string? api, string? database, string? token = null)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        (start.Environment["RLHF_ELSA_URL"], start.Environment["RLHF_LEASE_SECONDS"], start.Environment["OMP_NUM_THREADS"]) = (api, "6", "1");
        start.Environment["RLHF_ELSA_TOKEN"] = token;
        if (database is not null) start.Environment["RLHF_DATABASE"] = database;
        return Process.Start(start)!;
    }
}
