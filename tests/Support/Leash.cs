using System.Diagnostics;

namespace Rlhf.Tests.Support;

/// <summary>
/// Processes that must not outlive the tests' own, however that ends: a shell waits for the end of its input, which comes with the end of
/// the process that holds the other side, and kills them then. Not on Windows.
/// </summary>
internal static class Leash
{
    const string Script = """
        trap '' INT TERM HUP
        while read -r sign pid; do
          left=
          for other in $pids; do [ "$other" = "$pid" ] || left="$left $other"; done
          [ "$sign" = + ] && left="$left $pid"
          pids=$left
        done
        [ -z "$pids" ] || kill -9 $pids
        """;

    static readonly Lazy<Process?> Shell = new(Start);
    static readonly Lock Gate = new();

    /// <summary>From now on the process ends with this one at the latest.</summary>
    public static void Hold(int process) => Say($"+ {process}");

    /// <summary>The process has ended; its id may be somebody else's from now on.</summary>
    public static void Release(int process) => Say($"- {process}");

    static void Say(string line)
    {
        lock (Gate)
        {
            if (Shell.Value is not { } shell) return;
            shell.StandardInput.WriteLine(line);
            shell.StandardInput.Flush();
        }
    }

    static Process? Start() => OperatingSystem.IsWindows() ? null
        : Process.Start(new ProcessStartInfo("sh", ["-c", Script]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true });
}
