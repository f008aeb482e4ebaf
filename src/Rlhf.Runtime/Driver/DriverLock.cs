using System.Globalization;
using System.Text.Json;

namespace Rlhf.Runtime.Driver;

/// <summary>
/// One process drives a store: a lock of the operating system on <c>driver.lock</c>, which ends with the process however it ends. Who holds
/// it stands beside it in <c>driver.json</c>, since a locked file cannot be read everywhere.
/// </summary>
internal sealed class DriverLock : IDisposable
{
    // What FileShare.None answers where the file is locked: sharing and lock violations on Windows, EAGAIN on Linux and on macOS.
    static readonly int[] Locked = [unchecked((int)0x80070020), unchecked((int)0x80070021), 11, 35];

    readonly FileStream _file;

    DriverLock(FileStream file) => _file = file;

    /// <exception cref="DriverBusyException">Another process drives the store; the message names it.</exception>
    public static DriverLock Acquire(string store, TimeProvider time)
    {
        Directory.CreateDirectory(store);
        try
        {
            var file = new FileStream(Path.Combine(store, "driver.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
            var holder = new Holder(Environment.ProcessId, Environment.MachineName, time.GetUtcNow());
            File.WriteAllText(HolderFile(store), JsonSerializer.Serialize(holder));
            return new(file);
        }
        catch (IOException e) when (Locked.Contains(e.HResult))
        {
            throw new DriverBusyException($"The store '{store}' is driven by {DescribeHolder(store)}; only one process may drive a store.");
        }
    }

    public void Dispose() => _file.Dispose();

    static string DescribeHolder(string store)
    {
        try
        {
            var holder = JsonSerializer.Deserialize<Holder>(File.ReadAllText(HolderFile(store)))!;
            return $"process {holder.ProcessId} on {holder.Machine} since {holder.Since.ToString("u", CultureInfo.InvariantCulture)}";
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return "another process, which has not said yet which one it is";
        }
    }

    static string HolderFile(string store) => Path.Combine(store, "driver.json");

    sealed record Holder(int ProcessId, string Machine, DateTimeOffset Since);
}

/// <summary>A second process wanted to drive a store.</summary>
public sealed class DriverBusyException(string message) : IOException(message);
