using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Tests.Support;

/// <summary>A store in a folder of its own that goes with the test.</summary>
sealed class TemporaryStore : IDisposable
{
    public TemporaryStore() => Objects = new FolderObjectStore(Folder);

    public string Folder { get; } = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public FolderObjectStore Objects { get; }

    public ArtifactStore Artifacts => new(Objects);

    public string[] Files(string below) =>
        Directory.Exists(Path.Combine(Folder, below)) ? Directory.GetFiles(Path.Combine(Folder, below), "*", SearchOption.AllDirectories) : [];

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
