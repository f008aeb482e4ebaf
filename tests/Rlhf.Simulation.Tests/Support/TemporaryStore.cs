using Rlhf.Steps.Artifacts;

namespace Rlhf.Simulation.Tests.Support;

/// <summary>A store in a folder of its own that goes with the test.</summary>
sealed class TemporaryStore : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("rlhf-test-").FullName;

    public TemporaryStore() => Objects = new FolderObjectStore(_folder);

    public FolderObjectStore Objects { get; }

    public ArtifactStore Artifacts => new(Objects);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
