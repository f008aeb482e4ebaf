using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Rlhf.Elsa.Tests.Support;
using Rlhf.Tests.Support;

namespace Rlhf.Elsa.Tests.Studio;

/// <summary><c>rlhf serve --elsa</c> in front of a host, over a store of its own; killed when disposed of.</summary>
sealed partial class ServedStudio : IAsyncDisposable
{
    readonly Folder _store = new();
    readonly StringBuilder _said = new();
    readonly Process _process;

    ServedStudio(RunningHost host, string token)
    {
        _process = Programs.Command(["serve", "--elsa", host.Api.ToString(), "--urls", "http://127.0.0.1:0", "--store", _store.Path], token: token);
        Leash.Hold(_process.Id);
        _process.OutputDataReceived += (_, line) => Say(line.Data);
        _process.ErrorDataReceived += (_, line) => Say(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Address { get; private set; } = "";

    public static async Task<ServedStudio> StartAsync(RunningHost host, string token)
    {
        var served = new ServedStudio(host, token);
        for (var looks = 0; served.Address.Length == 0; looks++, await Task.Delay(50))
        {
            if (served._process.HasExited || looks > 1200) throw new InvalidOperationException($"rlhf serve --elsa does not serve: {served}");
            if ($"{served}".Contains("Driving", StringComparison.Ordinal)) served.Address = Pages().Match($"{served}").Groups[1].Value;
        }
        return served;
    }

    /// <summary>A key for somebody; from then on nobody comes in without one.</summary>
    public async Task<string> KeyAsync(string name, string role) =>
        $"{JsonNode.Parse(await Programs.RunAsync(["keys", "create", name, "--role", role, "--json", "--store", _store.Path]))!["key"]}";

    public override string ToString()
    {
        lock (_said) return _said.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        Leash.Release(_process.Id);
        _process.Dispose();
        _store.Dispose();
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
