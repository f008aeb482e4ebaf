using System.Globalization;

namespace Rlhf.Memory;

/// <summary>What the kernel says of this process's memory.</summary>
static class ResidentMemory
{
    /// <summary>Lets VmHWM begin anew at what is resident; false where the kernel does not allow it.</summary>
    public static bool ResetPeak()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A line of /proc/self/status, in MB of 1,000,000 bytes.</summary>
    public static long Megabytes(string key)
    {
        var line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith(key + ":", StringComparison.Ordinal));
        var kibibytes = long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return kibibytes * 1024 / 1_000_000;
    }
}
