using System.Runtime.CompilerServices;

namespace Rlhf.Runtime.Tests.Support;

internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Workflow(string name) => Path.Combine(Root, "workflows", name);

    // The build's output may lie outside of the repository; then the place of this file tells where it is.
    static string Find([CallerFilePath] string thisFile = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, thisFile })
        {
            for (var folder = Path.GetDirectoryName(start); folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "Pipeline.sln"))) return folder;
            }
        }
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Pipeline.sln.");
    }
}
