using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Rlhf.Adapters.Blob;
using Rlhf.Tests.Support;

namespace Rlhf.Adapters.Tests.Blob;

/// <summary>A new container on the tests' Azurite, entered by the product's store, and by the bare SDK for what a test has to see or spoil.</summary>
sealed class SomeBlobs
{
    /// <summary>Blocks of 1000 bytes, four at once, retried without waiting.</summary>
    public static readonly BlobOptions Small = new()
    {
        BlockBytes = 1000,
        Parallel = 4,
        Resilience = new() { FirstDelay = TimeSpan.FromMilliseconds(1), LongestDelay = TimeSpan.FromMilliseconds(5), Break = TimeSpan.FromSeconds(0.5) },
    };

    readonly AzuriteServer _server = AzuriteServer.Required();
    readonly string _name;

    SomeBlobs() => _name = _server.NewContainer();

    public BlobContainerClient Container => new(_server.ConnectionString(), _name);

    public int Port => _server.Port;

    public string ConnectionString => _server.ConnectionString();

    public static async Task<SomeBlobs> NewAsync()
    {
        var blobs = new SomeBlobs();
        await blobs.Container.CreateAsync(cancellationToken: TestContext.Current.CancellationToken);
        return blobs;
    }

    /// <summary>A container that was never made.</summary>
    public static SomeBlobs Missing() => new();

    public BlobObjectStore Store(BlobOptions? options = null, int? port = null, string folder = "") => new(Settings(port, folder), TimeProvider.System, options ?? Small);

    public BlobSettings Settings(int? port = null, string folder = "") => Settings(_server.ConnectionString(port), _name + folder);

    public static BlobSettings Settings(string? blob, string? container) => BlobSettings.FromEnvironment(name => name switch
    {
        BlobSettings.Variable => blob,
        BlobSettings.ContainerVariable => container,
        _ => null,
    })!;

    public BlockBlobClient Blob(string name) => Container.GetBlockBlobClient(name);

    /// <summary>Bytes that look like nothing else, the same for the same seed.</summary>
    public static byte[] Bytes(int count, uint seed = 1)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++) bytes[i] = (byte)((seed = seed * 1664525 + 1013904223) >> 24);
        return bytes;
    }
}
