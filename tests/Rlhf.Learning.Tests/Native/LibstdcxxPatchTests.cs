using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Rlhf.Learning.Native;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Native;

public class LibstdcxxPatchTests
{
    [Fact]
    public void The_patch_changes_the_flags_of_one_version_and_the_binding_of_one_symbol_and_nothing_else()
    {
        var original = TorchSharpLibrary();
        var patched = (byte[])original.Clone();

        var changed = LibstdcxxPatch.Apply(patched, "libLibTorchSharp.so");

        var places = Enumerable.Range(0, original.Length).Where(i => original[i] != patched[i]).ToArray();
        Assert.Equal(2, changed);
        Assert.Equal(2, places.Length);
        Assert.Contains(places, i => (original[i], patched[i]) == (0x00, 0x02)); // Flags: none -> VER_FLG_WEAK
        Assert.Contains(places, i => (original[i], patched[i]) == (0x12, 0x22)); // FUNC GLOBAL -> FUNC WEAK
    }

    [Fact]
    public void Other_tools_see_the_version_and_the_symbol_as_weak()
    {
        if (!File.Exists("/usr/bin/readelf"))
            Assert.Skip("Needs readelf.");
        using var folder = new TemporaryFolder();
        var patched = TorchSharpLibrary();
        LibstdcxxPatch.Apply(patched, "libLibTorchSharp.so");
        File.WriteAllBytes(folder.File("patched.so"), patched);

        var versions = Readelf("-V", folder.File("patched.so")).Split('\n');
        var symbols = Readelf("-W --dyn-syms", folder.File("patched.so")).Split('\n');

        Assert.Equal("WEAK", versions.Single(l => l.Contains(LibstdcxxPatch.Version) && l.Contains("Flags")).Split("Flags: ")[1].Split(' ')[0]);
        Assert.DoesNotContain(versions, l => l.Contains("Flags: WEAK") && !l.Contains(LibstdcxxPatch.Version));
        Assert.Contains("WEAK", symbols.Single(l => l.Contains(LibstdcxxPatch.Symbol)));
    }

    [Fact]
    public void A_patched_library_is_left_as_it_is()
    {
        var patched = TorchSharpLibrary();
        LibstdcxxPatch.Apply(patched, "libLibTorchSharp.so");
        var again = (byte[])patched.Clone();

        var changed = LibstdcxxPatch.Apply(again, "libLibTorchSharp.so");

        Assert.Equal(0, changed);
        Assert.Equal(patched, again);
    }

    [Fact]
    public void A_library_that_does_not_ask_for_the_version_is_left_as_it_is()
    {
        var libtorch = File.ReadAllBytes(NativeFolders.Libtorch().Single(f => Path.GetFileName(f) == "libc10.so"));
        var copy = (byte[])libtorch.Clone();

        var changed = LibstdcxxPatch.Apply(copy, "libc10.so");

        Assert.Equal(0, changed);
        Assert.Equal(libtorch, copy);
    }

    [Fact]
    public void A_library_that_really_needs_the_new_version_is_refused_by_the_symbol_that_it_needs()
    {
        var library = TorchSharpLibrary();
        // The name in the string table becomes another symbol's.
        var name = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes(LibstdcxxPatch.Symbol));
        library[name + 4] = (byte)'9';

        var error = Assert.Throws<DllNotFoundException>(() => LibstdcxxPatch.Apply(library, "libLibTorchSharp.so"));

        Assert.Contains("needs its symbol '_ZSt91ios_base_library_initv': install the libstdc++ of GCC 13 or later.", error.Message);
    }

    [Theory]
    [InlineData(10, "is no 64-bit little-endian ELF file")]
    [InlineData(400_000, "is a broken ELF file")]
    public void A_truncated_library_is_refused_in_one_sentence(int length, string sentence)
    {
        var library = TorchSharpLibrary()[..length];

        var error = Assert.Throws<DllNotFoundException>(() => LibstdcxxPatch.Apply(library, "libLibTorchSharp.so"));

        Assert.Contains(sentence, error.Message);
    }

    static byte[] TorchSharpLibrary()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("The patch is for Linux.");
        return File.ReadAllBytes(NativeFolders.LibTorchSharp());
    }

    static string Readelf(string arguments, string file)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/readelf", $"{arguments} {file}") { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }
}
