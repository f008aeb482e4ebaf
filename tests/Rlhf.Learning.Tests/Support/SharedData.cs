using System.Runtime.CompilerServices;

namespace Rlhf.Learning.Tests.Support;

/// <summary>Real inputs beside the repository, which not every machine has.</summary>
static class SharedData
{
    /// <summary>Path of a file or folder there; skips the test visibly where it is absent.</summary>
    internal static string Path(params string[] parts)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine([Root(), "..", "shared", "data", .. parts]));
        if (!System.IO.Path.Exists(path))
            Assert.Skip($"Needs the real input {string.Join('/', parts)} in ../shared/data, which is absent.");
        return path;
    }

    /// <summary>The repository's root: above the tests, or, where they were built elsewhere, above their source.</summary>
    internal static string Root([CallerFilePath] string source = "") =>
        Above(AppContext.BaseDirectory) ?? Above(source) ?? throw new InvalidOperationException("Pipeline.sln was not found above the tests.");

    static string? Above(string? folder)
    {
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder, "Pipeline.sln")))
            folder = System.IO.Path.GetDirectoryName(folder);
        return folder;
    }
}
