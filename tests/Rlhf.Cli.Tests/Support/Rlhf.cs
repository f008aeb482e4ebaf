using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Rlhf.Cli.Tests.Support;

/// <summary>What a run of the program said.</summary>
sealed record Said(int ExitCode, string Output, string Error)
{
    public JsonObject Json => JsonNode.Parse(Output)!.AsObject();
}

/// <summary>The program as a user starts it: a process of its own.</summary>
static class Rlhf
{
    public static string Root { get; } = typeof(Rlhf).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    public static Process Start(string store, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["RLHF_CHECKPOINT_SECONDS"] = "0" },
        };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "rlhf.dll"), .. arguments, "--store", store]) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    public static async Task<Said> Run(string store, params string[] arguments)
    {
        using var process = Start(store, arguments);
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, await error);
    }
}
