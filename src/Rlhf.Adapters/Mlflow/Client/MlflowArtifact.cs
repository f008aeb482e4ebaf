namespace Rlhf.Adapters.Mlflow;

/// <summary>One file or folder among artifacts; the size in bytes, null for a folder.</summary>
public sealed record MlflowArtifact
{
    /// <summary>With forward slashes; relative to the folder that was listed, or to the run's artifacts: see the method that lists.</summary>
    public required string Path { get; init; }
    public bool IsDir { get; init; }
    public long? FileSize { get; init; }
}

/// <summary>The URI below which a run's artifacts lie, and what lies in the folder that was asked for.</summary>
public sealed record MlflowArtifacts
{
    public required string RootUri { get; init; }
    public IReadOnlyList<MlflowArtifact> Files { get; init; } = [];
}
