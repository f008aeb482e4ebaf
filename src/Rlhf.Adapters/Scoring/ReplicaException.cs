namespace Rlhf.Adapters.Scoring;

/// <summary>One server gave no answer that can be used; another one, or the same one later, may.</summary>
sealed class ReplicaException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>True where the server said so in good order, and is not to be thought broken: it is busy, or it refuses this request.</summary>
    public bool IsHealthy { get; init; }

    /// <summary>True where it refuses what it was asked, as the same server always will.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>How long to wait before the next try; zero where another server can be asked at once; null for the usual wait.</summary>
    public TimeSpan? Wait { get; set; }
}
