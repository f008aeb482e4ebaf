using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Tests.Support;

namespace Rlhf.Server.Tests.Support;

/// <summary><c>rlhf serve</c> and nothing else: a process of its own in a folder with workflow files of its own; killed when disposed of.</summary>
sealed partial class Program : IAsyncDisposable
{
    readonly Process _process;
    readonly StringBuilder _said = new();

    Program(string folder)
    {
        Folder = folder;
        // Where it was built: what the tests' own folder lacks, and what they add, is none of the program's.
        var built = Path.Combine(AppContext.BaseDirectory, "..", "..", "Rlhf.Cli", new DirectoryInfo(AppContext.BaseDirectory).Name, "rlhf.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [built, "serve", "--urls", "http://127.0.0.1:0", "--store", Path.Combine(folder, "store")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Leash.Hold(_process.Id);
        _process.OutputDataReceived += (_, line) => Say(line.Data);
        _process.ErrorDataReceived += (_, line) => Say(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Folder { get; }

    public string Workflows => Path.Combine(Folder, "workflows");

    public string Address { get; private set; } = "";

    /// <param name="add">Puts further workflow files beside the product's.</param>
    public static async Task<Program> StartAsync(Action<string>? add = null)
    {
        var folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "workflows"));
        foreach (var file in Directory.GetFiles(Place.ProductWorkflows, "*.json")) File.Copy(file, Path.Combine(folder, "workflows", Path.GetFileName(file)));
        add?.Invoke(Path.Combine(folder, "workflows"));
        var program = new Program(folder);
        for (var looks = 0; program.Address.Length == 0; looks++, await Task.Delay(50))
        {
            if (program._process.HasExited || looks > 1200) throw new InvalidOperationException($"rlhf serve does not serve: {program}");
            if ($"{program}".Contains("Driving", StringComparison.Ordinal)) program.Address = Pages().Match($"{program}").Groups[1].Value;
        }
        return program;
    }

    public JsonObject Read(string workflow) => JsonNode.Parse(File.ReadAllText(Path.Combine(Workflows, workflow)))!.AsObject();

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        Leash.Release(_process.Id);
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public override string ToString()
    {
        lock (_said) return _said.ToString();
    }

    void Say(string? line)
    {
        lock (_said)
        {
            if (line is not null) _said.AppendLine(line);
        }
    }

    [GeneratedRegex("Pages at (http://[0-9.:]+)")]
    private static partial Regex Pages();
}
