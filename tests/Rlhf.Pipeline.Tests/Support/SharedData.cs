using System.Reflection;

namespace Rlhf.Pipeline.Tests.Support;

/// <summary>Real inputs beside the repository, which not every machine has.</summary>
static class SharedData
{
    static readonly string Root = typeof(SharedData).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "RepositoryRoot").Value!;

    /// <summary>Path of a file there; skips the test visibly where it is absent.</summary>
    public static string File(params string[] parts)
    {
        var path = Path.GetFullPath(Path.Combine([Root, "..", "shared", "data", .. parts]));
        if (!System.IO.File.Exists(path)) Assert.Skip($"Needs the real input {string.Join('/', parts)} in ../shared/data, which is absent.");
        return path;
    }
}
