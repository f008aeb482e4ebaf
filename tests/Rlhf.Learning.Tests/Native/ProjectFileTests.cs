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
        Assert.Equal(["TorchSharp", $"libtorch-cpu-{rid}"], packages.Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_build_copies_no_native_library()
    {
        Assert.DoesNotContain(Directory.GetFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories), f => Path.GetFileName(f).Contains("libtorch", StringComparison.OrdinalIgnoreCase));
    }

    static List<string> Packages(params string[] properties)
    {
        var project = Path.Combine(SharedData.Root(), "src", "Rlhf.Learning", "Rlhf.Learning.csproj");
        using var process = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", project, "-getItem:PackageReference", "-nodeReuse:false", .. properties])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        return [.. JsonDocument.Parse(output).RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(p => p.GetProperty("Identity").GetString()!)];
    }
}
