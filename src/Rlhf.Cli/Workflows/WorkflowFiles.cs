namespace Rlhf.Cli.Workflows;

/// <summary>The files of <c>workflows/</c>: below the working directory, and what is not there beside the program.</summary>
static class WorkflowFiles
{
    static readonly string[] Folders = ["workflows", Path.Combine(AppContext.BaseDirectory, "workflows")];

    /// <summary>A file as given, or the workflow of that name.</summary>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static string Definition(string nameOrFile) => Find(nameOrFile, "", "workflow");

    /// <summary>A file as given, or the preset of that name.</summary>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static string Preset(string nameOrFile) => Find(nameOrFile, "presets", "preset");

    /// <summary>A file as given, or the gate of that name.</summary>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static string Gate(string nameOrFile) => Find(nameOrFile, "gates", "gate");

    /// <summary>Every preset's file, one of each name.</summary>
    public static IReadOnlyList<string> Presets =>
        [.. Folders.Select(f => Path.Combine(f, "presets")).Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.json")).DistinctBy(Path.GetFileName).Order(StringComparer.Ordinal)];

    /// <summary>Every gate's file, one of each name.</summary>
    public static IReadOnlyList<string> Gates =>
        [.. Folders.Select(f => Path.Combine(f, "gates")).Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.json")).DistinctBy(Path.GetFileName).Order(StringComparer.Ordinal)];

    /// <summary>Where guidelines for labelers are, <c>AXIS.md</c> for each axis; the first that has one counts.</summary>
    public static IReadOnlyList<string> Guidelines => [.. Folders.Select(f => Path.Combine(f, "guidelines"))];

    /// <summary>Where constitutions of AI judges are, <c>NAME.md</c>; the first that has one counts.</summary>
    public static IReadOnlyList<string> Constitutions => [.. Folders.Select(f => Path.Combine(f, "constitutions"))];

    /// <summary>Where workflows are; the first that has one of a name counts, and is where publishing writes.</summary>
    public static IReadOnlyList<string> All => Folders;

    static string Find(string nameOrFile, string folder, string what)
    {
        var folders = Folders.Select(f => Path.Combine(f, folder)).ToList();
        if (folders.Select(f => Path.Combine(f, nameOrFile + ".json")).Prepend(nameOrFile).FirstOrDefault(File.Exists) is { } file) return file;
        var known = folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.json")).Select(f => Path.GetFileNameWithoutExtension(f)).Distinct().Order(StringComparer.Ordinal);
        throw new ArgumentException($"'{nameOrFile}' is no {what} and no file; known are {string.Join(", ", known)}.");
    }
}
