using System.Security.Cryptography;

namespace Rlhf.Learning.Native;

/// <summary>Keeps the patched copy of a native library in a per-user cache; the package's own file is never written.</summary>
static class PatchedLibrary
{
    internal static string DefaultCache()
    {
        var xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (Path.IsPathFullyQualified(xdg ?? ""))
            return Path.Combine(xdg!, "rlhf", "native");
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, ".cache", "rlhf", "native")
            : throw new DllNotFoundException(
                "A patched copy of LibTorchSharp needs a cache folder: set XDG_CACHE_HOME or HOME to a folder that can be written.");
    }

    /// <summary>
    /// Path of a copy of <paramref name="original"/> that loads with an older libstdc++, keyed by the original's content.
    /// </summary>
    internal static string Prepare(string original, string cache)
    {
        var bytes = File.ReadAllBytes(original);
        var key = Convert.ToHexStringLower(SHA256.HashData(bytes))[..32];
        LibstdcxxPatch.Apply(bytes, Path.GetFileName(original));
        var copy = Path.Combine(cache, key, Path.GetFileName(original));
        if (!Holds(copy, bytes))
            Write(copy, bytes);
        return copy;
    }

    static bool Holds(string path, byte[] bytes) => File.Exists(path) && bytes.AsSpan().SequenceEqual(File.ReadAllBytes(path));

    static void Write(string path, byte[] bytes)
    {
        // Another process may do the same at this moment: each writes its own file, and the rename is atomic.
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DllNotFoundException(
                $"This machine's libstdc++ lacks {LibstdcxxPatch.Version} and a patched copy of LibTorchSharp cannot be written to '{path}': {e.Message}", e);
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }
}
