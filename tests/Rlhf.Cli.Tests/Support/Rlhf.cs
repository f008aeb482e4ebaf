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

    static readonly string[] Ours = ["RLHF_", "MLFLOW_", "ARGILLA_", "LABEL_STUDIO_"];

    // Where it was built, not beside the tests: there what ASP.NET's framework brings is left out, which the program does not ask for.
    public static readonly string Program = Path.Combine(AppContext.BaseDirectory, "..", "..", "Rlhf.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "rlhf.dll");

    /// <summary>One thread for each process, since other tests run beside it; what the caller says goes before.</summary>
    public static Running Start(string store, IReadOnlyDictionary<string, string> environment, params string[] arguments) => StartIn(Root, store, environment, arguments);

    /// <summary>The same with a working directory of its own.</summary>
    public static Running StartIn(string folder, string store, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["OMP_NUM_THREADS"] = "1", ["DOTNET_TieredPGO"] = "0" },
        };
        // What the developer's own environment configures is none of the tests' business.
        foreach (var inherited in start.Environment.Keys.Where(k => Ours.Any(o => k.StartsWith(o, StringComparison.Ordinal))).ToList())
            start.Environment.Remove(inherited);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        foreach (var argument in (string[])[Program, .. arguments, "--store", store]) start.ArgumentList.Add(argument);
        return new(Process.Start(start)!, string.Join(' ', arguments));
    }

    public static async Task<Said> Run(string store, params string[] arguments)
    {
        await using var process = Start(store, new Dictionary<string, string>(), arguments);
        return await process.EndAsync();
    }
}
