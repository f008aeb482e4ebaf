using System.Diagnostics;
using System.Text.Json.Nodes;
using Rlhf.Tests.Support;

namespace Rlhf.ScoringLoad;

/// <summary><c>rlhf rewards serve</c> as a process of its own.</summary>
sealed class Server(Process process, Uri address) : IDisposable
{
    public Uri Address => address;

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    public static async Task<Server> StartAsync(string program, string store, string model, params string[] more)
    {
        var start = new ProcessStartInfo("dotnet", [program, "rewards", "serve", "--model", model, "--port", "0", "--store", store, "--json", .. more]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        Leash.Hold(process.Id);
        var said = process.StandardError.ReadToEndAsync(); // a full pipe would stop the server
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"rlhf rewards serve ended before it served: {await said}");
        return new(process, new(JsonNode.Parse(line)!["addresses"]![0]!.GetValue<string>()));
    }

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        Leash.Release(process.Id);
        process.Dispose();
    }
}
