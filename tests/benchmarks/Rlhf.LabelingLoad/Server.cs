using System.Diagnostics;
using Rlhf.Tests.Support;

namespace Rlhf.LabelingLoad;

/// <summary><c>rlhf serve</c> as a process of its own.</summary>
sealed class Server(Process process)
{
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public static async Task<Server> StartAsync(string program, string store, string address)
    {
        var start = new ProcessStartInfo("dotnet", [program, "serve", "--store", store, "--urls", address]) { RedirectStandardError = true };
        var process = Process.Start(start)!;
        Leash.Hold(process.Id);
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("Pages at", StringComparison.Ordinal)) continue;
            _ = process.StandardError.ReadToEndAsync(); // a full pipe would stop the server
            return new(process);
        }
        throw new InvalidOperationException("rlhf serve ended before it served.");
    }

    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
        Leash.Release(process.Id);
    }
}
