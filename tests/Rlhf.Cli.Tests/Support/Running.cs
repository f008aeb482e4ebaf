using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Tests.Support;

namespace Rlhf.Cli.Tests.Support;

/// <summary>A process of the program and what it has said so far; killed when disposed of, and with the tests' own process at the latest.</summary>
sealed class Running : IAsyncDisposable
{
    const int Sigkill = 9, Sigterm = 15;

    readonly Process _process;
    readonly string _command;
    readonly StringBuilder _output = new();
    readonly StringBuilder _error = new();

    public Running(Process process, string command)
    {
        (_process, _command, Id) = (process, command, process.Id);
        Leash.Hold(Id);
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    static CancellationToken Token => TestContext.Current.CancellationToken;

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public string Error => Text(_error);

    /// <summary>False where it still runs when the time is over.</summary>
    public async Task<bool> EndsWithinAsync(TimeSpan longest)
    {
        try
        {
            await _process.WaitForExitAsync(Token).WaitAsync(longest, Token);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Waits for its end, for ten minutes at most.</summary>
    public async Task<Said> EndAsync()
    {
        if (!await EndsWithinAsync(TimeSpan.FromMinutes(10))) Assert.Fail($"It does not end: {this}");
        return new(_process.ExitCode, Text(_output), Text(_error));
    }

    /// <summary><c>kill -9</c>; false where it had ended by itself.</summary>
    public async Task<bool> KillAsync()
    {
        var ended = _process.HasExited;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        return !ended && _process.ExitCode is not (0 or 1 or 2);
    }

    /// <summary><c>kill -9</c> of this process alone and without waiting for its end: within microseconds.</summary>
    public void KillAtOnce()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no SIGKILL.");
        Assert.Equal(0, Signal(Id, Sigkill));
    }

    /// <summary><c>kill</c>: the request to stop.</summary>
    public void Terminate()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no SIGTERM.");
        Assert.Equal(0, Signal(Id, Sigterm));
    }

    public async Task UntilItSaysAsync(string text)
    {
        var clock = Stopwatch.StartNew();
        while (!Error.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(!HasExited && clock.Elapsed < TimeSpan.FromMinutes(3), $"'{text}' was not said: {this}");
            await Task.Delay(50, Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Leash.Release(Id);
        _process.Dispose();
    }

    public override string ToString() => $"rlhf {_command}, process {Id}{(HasExited ? $", ended with {_process.ExitCode}" : "")}:{Environment.NewLine}{Text(_output)}{Error}";

    static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line is not null) text.AppendLine(line);
        }
    }

    static string Text(StringBuilder text)
    {
        lock (text) return text.ToString();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int Signal(int process, int signal);
}
