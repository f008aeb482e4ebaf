using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Rlhf.Learning.Native;

/// <summary>Loads libtorch and TorchSharp's native library before TorchSharp asks for them.</summary>
/// <remarks>They are taken from beside the application (published) or from the package folders that the build recorded.</remarks>
public static partial class TorchNative
{
    static readonly Lazy<nint> Loaded = new(Load);

    /// <summary>
    /// Loads the native libraries now; throws <see cref="DllNotFoundException"/> with one sentence that says what the machine lacks.
    /// </summary>
    public static void Initialize() => _ = Loaded.Value;

    // CA2255: whoever uses this library uses TorchSharp, and TorchSharp's own message about a failed load misleads.
#pragma warning disable CA2255
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register()
    {
        SetDefaults();
        AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly)!.ResolvingUnmanagedDll +=
            (_, name) => name is "LibTorchSharp" or "torch_cpu" or "torch_cuda" ? Loaded.Value : 0;
    }

    static nint Load()
    {
        foreach (var library in NativeFolders.Libtorch())
            LoadDependency(library);
        var torchSharp = NativeFolders.LibTorchSharp();
        return NativeLibrary.TryLoad(torchSharp, out var handle) ? handle : LoadPatched(torchSharp);
    }

    // Read by the native libraries when they load, so not through .NET's copy of the environment; a value that is set stays.
    static void SetDefaults()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // Threads of GNU OpenMP spin while they wait. Two processes that share two cores then mostly wait for each other: a training step
        // of a small model took 3 to 6 times as much processor time; asleep, it takes as much as alone.
        _ = SetEnvironmentVariable("OMP_WAIT_POLICY", "PASSIVE", overwrite: 0);
        // A row's product must not depend on where in the matrix it stands, or a completion would depend on its slot in the last bit.
        _ = SetEnvironmentVariable("MKL_CBWR", "AUTO,STRICT", overwrite: 0);
        SetAllocator();
    }

    /// <summary>
    /// Two heaps for all threads: by default each thread of the pool gets one of its own and keeps in it what it has freed, and after some steps on different
    /// threads a process held more than a gigabyte that nobody used. And large tensors from the heap: by default each gets pages of its own, which the system
    /// has to find and clear again and again; training 124 million weights took 1.5 times as long. What the environment says stays.
    /// </summary>
    static void SetAllocator()
    {
        const int arenaMax = -8, mmapThreshold = -3, trimThreshold = -1; // M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
        try
        {
            if (Environment.GetEnvironmentVariable("MALLOC_ARENA_MAX") is null) _ = SetMallocOption(arenaMax, 2);
            if (Environment.GetEnvironmentVariable("MALLOC_MMAP_THRESHOLD_") is null) _ = SetMallocOption(mmapThreshold, 1 << 30);
            if (Environment.GetEnvironmentVariable("MALLOC_TRIM_THRESHOLD_") is null) _ = SetMallocOption(trimThreshold, int.MaxValue);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc has none of these.
        }
    }

    /// <summary>Gives memory that is not used any more back to the system. Cheap beside a step, and not beside a tensor.</summary>
    public static void GiveBack()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = TrimHeaps(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than glibc decides by itself.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimHeaps(nuint rest);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    static void LoadDependency(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException($"libtorch's '{path}' does not load on this machine: {Reason(e)}.", e);
        }
    }

    static nint LoadPatched(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e) when (e.Message.Contains($"`{LibstdcxxPatch.Version}' not found"))
        {
            return NativeLibrary.Load(PatchedLibrary.Prepare(path, PatchedLibrary.DefaultCache()));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new DllNotFoundException($"TorchSharp's '{path}' does not load on this machine: {Reason(e)}.", e);
        }
    }

    // The loader's own words ("version `GLIBC_2.34' not found", "cannot open shared object file") stand on the last line that has any.
    static string Reason(Exception e) =>
        e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1].TrimEnd('.');
}
