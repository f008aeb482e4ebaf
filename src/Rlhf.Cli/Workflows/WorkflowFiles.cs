namespace Rlhf.Cli.Workflows;

/// <summary>Where the files of <c>workflows/</c> are: below the working directory where there is such a folder, otherwise beside the program.</summary>
static class WorkflowFiles
{
    public static string Folder =>
        Directory.Exists("workflows") ? Path.GetFullPath("workflows") : Path.Combine(AppContext.BaseDirectory, "workflows");

    /// <summary>A file as given, or the workflow of that name.</summary>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static string Definition(string nameOrFile) => Find(nameOrFile, Folder, "workflow");

    /// <summary>A file as given, or the preset of that name.</summary>
    /// <exception cref="ArgumentException">Neither is there.</exception>
    public static string Preset(string nameOrFile) => Find(nameOrFile, Path.Combine(Folder, "presets"), "preset");

    static string Find(string nameOrFile, string folder, string what)
    {
        if (File.Exists(nameOrFile)) return nameOrFile;
        var file = Path.Combine(folder, nameOrFile + ".json");
        if (File.Exists(file)) return file;
        IEnumerable<string> known = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal) : [];
        throw new ArgumentException($"'{nameOrFile}' is no {what} and no file; known are {string.Join(", ", known)}.");
    }
}
