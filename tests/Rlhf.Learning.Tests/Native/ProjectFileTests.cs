using System.Diagnostics;
using System.Text.Json;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Native;

public class ProjectFileTests
{
    [Fact]
    public void A_cuda_build_references_the_cuda_package_of_the_operating_system_and_no_cpu_package()
    {
        var packages = Packages("-p:Cuda=true");

        Assert.Contains("TorchSharp", packages);
        Assert.DoesNotContain(packages, name => name.StartsWith("libtorch-cpu", StringComparison.Ordinal));
        if (!OperatingSystem.IsMacOS())
            Assert.Contains(OperatingSystem.IsWindows() ? "TorchSharp-cuda-windows" : "TorchSharp-cuda-linux", packages);
    }

    [Fact]
    public void A_plain_build_references_the_cpu_package_of_the_operating_system_alone()
    {
        var packages = Packages();

        var rid = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        var torch = packages.Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal);
        Assert.Equal(["TorchSharp", $"libtorch-cpu-{rid}"], torch);
    }

    [Fact]
    public void A_build_copies_no_native_library()
    {
        var files = Directory.GetFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories).Select(f => Path.GetFileName(f));

        Assert.DoesNotContain(files, name => name.Contains("libtorch", StringComparison.OrdinalIgnoreCase) || name.Contains("torch_cpu"));
    }

    static List<string> Packages(params string[] properties)
    {
        var project = Path.Combine(SharedData.Root(), "src", "Rlhf.Learning", "Rlhf.Learning.csproj");
        string[] arguments = ["msbuild", project, "-getItem:PackageReference", "-nodeReuse:false", .. properties];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var items = JsonDocument.Parse(process.StandardOutput.ReadToEnd()).RootElement.GetProperty("Items");
        return [.. items.GetProperty("PackageReference").EnumerateArray().Select(p => p.GetProperty("Identity").GetString()!)];
    }
}
