using Rlhf.Adapters.Resilience;

namespace Rlhf.Adapters.Blob;

/// <summary>How content goes to and from a container: by default in blocks of 8 MiB, six at once, so that about 60 MB of memory are in use.</summary>
public sealed record BlobOptions
{
    /// <summary>Bytes of a block, 1 to 100 MiB; smaller content is one request. Above 50,000 blocks they are made larger.</summary>
    public int BlockBytes { get; init; } = 8 << 20;

    /// <summary>Blocks on their way at once, from 1, for each content.</summary>
    public int Parallel { get; init; } = 6;

    // The most that the service gives.
    internal int PageSize { get; init; } = 5000;

    /// <summary>How patiently the service is called.</summary>
    public PipelineOptions Resilience { get; init; } = new();
}
