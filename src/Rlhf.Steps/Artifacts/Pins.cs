using Rlhf.Steps.Json;

namespace Rlhf.Steps.Artifacts;

/// <summary>Why an artifact is kept although no record, name or alias refers to it, and since when.</summary>
public sealed record Pin(ArtifactRef Artifact, string Reason, DateTimeOffset At);

/// <summary>Artifacts that are kept until they are unpinned: <c>pins/kind/sha256.json</c>.</summary>
public sealed class Pins(IObjectStore objects, TimeProvider time)
{
    const string Folder = "pins/";

    /// <summary>False where it is pinned already; the first reason stays.</summary>
    public Task<bool> AddAsync(ArtifactRef artifact, string reason, CancellationToken cancellationToken) =>
        objects.TryCreateAsync(Name(artifact), CanonicalJson.Serialize(new Pin(artifact, reason, time.GetUtcNow())), cancellationToken);

    public Task RemoveAsync(ArtifactRef artifact, CancellationToken cancellationToken) => objects.DeleteAsync(Name(artifact), cancellationToken);

    public async Task<IReadOnlyList<Pin>> ListAsync(CancellationToken cancellationToken)
    {
        var pins = new List<Pin>();
        foreach (var name in await objects.ListAsync(Folder, cancellationToken))
        {
            // Null: unpinned meanwhile.
            if (await objects.ReadAsync(name, cancellationToken) is { } bytes) pins.Add(CanonicalJson.Deserialize<Pin>(bytes, name));
        }
        return pins;
    }

    static string Name(ArtifactRef artifact) => $"{Folder}{artifact}.json";
}
