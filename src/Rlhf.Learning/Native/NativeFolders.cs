using System.Reflection;
using System.Runtime.InteropServices;

namespace Rlhf.Learning.Native;

/// <summary>Where the native libraries lie: beside the application first, then in the package folders that the build recorded.</summary>
static class NativeFolders
{
    static readonly string[] LoadOrder = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];
    static readonly string Rid = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";

    /// <summary>Full paths of libtorch's libraries in the order in which they can be loaded.</summary>
    internal static IEnumerable<string> Libtorch()
    {
        var folder = Path.GetDirectoryName(Find(FileName("torch_cpu"), "LibtorchFolder"))!;
        // By full path and dependencies first: the copy of LibTorchSharp then finds them by name, wherever it lies itself.
        return Directory.GetFiles(folder, "libgomp*.so*").Order(StringComparer.Ordinal)
            .Concat(LoadOrder.Select(name => Path.Combine(folder, FileName(name))))
            .Where(File.Exists);
    }

    internal static string LibTorchSharp() =>
        Find(OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : FileName("LibTorchSharp"), "LibTorchSharpFolder");

    static string Find(string file, string recordedAs)
    {
        var recorded = typeof(NativeFolders).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(attribute => attribute.Key == recordedAs)?.Value;
        var beside = AppContext.BaseDirectory;
        string?[] folders = [beside, Path.Combine(beside, "runtimes", Rid, "native"), recorded];
        return folders.OfType<string>().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
            ?? throw new DllNotFoundException(
                $"The native library '{file}' for {RuntimeInformation.RuntimeIdentifier} was found neither beside the application "
                + $"('{beside}') nor in the package folder of the build ('{recorded ?? "none recorded"}'): restore and build on this machine, or publish.");
    }

    static string FileName(string name) =>
        OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";
}
