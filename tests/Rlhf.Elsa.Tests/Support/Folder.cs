namespace Rlhf.Elsa.Tests.Support;

/// <summary>A folder of its own that goes with it.</summary>
sealed class Folder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rlhf-elsa-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
