using System.Security.Cryptography;
using Rlhf.Learning.Native;
using Rlhf.Learning.Tests.Support;

namespace Rlhf.Learning.Tests.Native;

public class PatchedLibraryTests
{
    [Fact]
    public void The_original_is_not_touched_and_the_copy_is_made_once()
    {
        using var cache = new TemporaryFolder();
        var original = Original();
        var before = SHA256.HashData(File.ReadAllBytes(original));

        var first = PatchedLibrary.Prepare(original, cache.Path);
        File.SetLastWriteTimeUtc(first, DateTime.UnixEpoch);
        var second = PatchedLibrary.Prepare(original, cache.Path);

        Assert.Equal(before, SHA256.HashData(File.ReadAllBytes(original)));
        Assert.Equal(first, second);
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(second));
        Assert.Equal([first], Directory.GetFiles(cache.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_damaged_copy_is_replaced()
    {
        using var cache = new TemporaryFolder();
        var original = Original();
        var copy = PatchedLibrary.Prepare(original, cache.Path);
        var good = File.ReadAllBytes(copy);
        File.WriteAllBytes(copy, good[..1000]);

        PatchedLibrary.Prepare(original, cache.Path);

        Assert.Equal(good, File.ReadAllBytes(copy));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_is_named_together_with_what_the_machine_lacks()
    {
        using var cache = new TemporaryFolder();
        File.WriteAllText(cache.File("occupied"), "");

        var error = Assert.Throws<DllNotFoundException>(() => PatchedLibrary.Prepare(Original(), cache.File("occupied")));

        Assert.Contains("lacks GLIBCXX_3.4.32", error.Message);
        Assert.Contains(cache.File("occupied"), error.Message);
    }

    static string Original()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("The patch is for Linux.");
        return NativeFolders.LibTorchSharp();
    }
}
