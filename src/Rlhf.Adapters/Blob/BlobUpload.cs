using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Rlhf.Adapters.Blob;

/// <summary>
/// One writer of one object. Blocks are named by their place, length and MD5, which the service checks too, so a block that lies there under its
/// name has the right content, whoever sent it. Which writer made an object stands in its metadata: a writer whose answer was lost finds itself.
/// </summary>
sealed class BlobUpload(BlobConnection connection, string name, Stream content)
{
    /// <summary>The metadata that holds the writer.</summary>
    public const string WriterKey = "rlhf_writer";

    const int MostBlocks = 50_000, LookFirstFrom = 256 << 10, MostRounds = 5;

    readonly BlockBlobClient _blob = connection.Blob(name);
    readonly string _writer = Guid.NewGuid().ToString("N");
    readonly long _start = content.Position, _size = content.Length - content.Position;

    enum Existing
    {
        None,
        Mine,
        Renewed,
    }

    /// <summary>True where this writer made the object; false where it was there and has been renewed.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (_size >= LookFirstFrom && await ExistingAsync(cancellationToken) == Existing.Renewed) return false;
        for (var round = 0; round < MostRounds; round++)
        {
            if (await (_size <= connection.Options.BlockBytes ? PutAsync(cancellationToken) : PutBlocksAsync(cancellationToken))) return true;
            // Somebody's is there, perhaps ours. If it is not, it was removed just now, and this one takes its place.
            var existing = await ExistingAsync(cancellationToken);
            if (existing != Existing.None) return existing == Existing.Mine;
        }
        throw new IOException($"it appeared and was removed again {MostRounds} times while it was written.");
    }

    async Task<bool> PutAsync(CancellationToken cancellationToken)
    {
        var bytes = new byte[_size];
        content.Position = _start;
        await content.ReadExactlyAsync(bytes, cancellationToken);
        var options = new BlobUploadOptions
        {
            Conditions = New(),
            Metadata = Metadata(),
            // Never in parts.
            TransferOptions = new() { InitialTransferSize = bytes.Length + 1, MaximumTransferSize = bytes.Length + 1 },
            TransferValidation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
        };
        return await UnlessTakenAsync(token => _blob.UploadAsync(new MemoryStream(bytes, writable: false), options, token), cancellationToken);
    }

    async Task<bool> PutBlocksAsync(CancellationToken cancellationToken)
    {
        var blockBytes = (int)Math.Max(connection.Options.BlockBytes, (_size + MostBlocks - 1) / MostBlocks);
        var there = await StagedAsync(cancellationToken);
        var ids = new string[(_size + blockBytes - 1) / blockBytes];
        var buffers = new ConcurrentBag<byte[]>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = connection.Options.Parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(BlocksAsync(blockBytes, buffers, cancellationToken), parallel, async (block, token) =>
        {
            var md5 = Md5(block);
            var id = ids[block.Index] = Id(block.Index, block.Length, md5);
            if (!there.Contains((id, block.Length))) await StageAsync(id, block, md5, token);
            buffers.Add(block.Buffer);
        });
        try
        {
            var options = new CommitBlockListOptions { Conditions = New(), Metadata = Metadata() };
            return await UnlessTakenAsync(token => _blob.CommitBlockListAsync(ids, options, token), cancellationToken);
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidBlockList)
        {
            // Another writer's commit took the blocks that it did not name away.
            return false;
        }
    }

    Task StageAsync(string id, Block block, byte[] md5, CancellationToken cancellationToken)
    {
        var options = new BlockBlobStageBlockOptions
        {
            TransferValidation = new() { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = md5 },
        };
        return connection.CallAsync(
            token => _blob.StageBlockAsync(id, new MemoryStream(block.Buffer, 0, block.Length, writable: false), options, token), cancellationToken);
    }

    async Task<HashSet<(string, int)>> StagedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var list = await connection.CallAsync(token => _blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: token), cancellationToken);
            return [.. list.Value.UncommittedBlocks.Select(block => (block.Name, (int)block.SizeLong))];
        }
        catch (RequestFailedException e) when (BlobConnection.IsMissing(e))
        {
            return [];
        }
    }

    async IAsyncEnumerable<Block> BlocksAsync(int blockBytes, ConcurrentBag<byte[]> buffers, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        content.Position = _start;
        var left = _size;
        for (var index = 0; left > 0; index++)
        {
            var length = (int)Math.Min(left, blockBytes);
            var buffer = buffers.TryTake(out var used) ? used : new byte[blockBytes];
            await content.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
            left -= length;
            yield return new(index, buffer, length);
        }
    }

    // Any form of "it is there": by the condition, by a SAS that only creates, by a policy that forbids every change.
    async Task<bool> UnlessTakenAsync<T>(Func<CancellationToken, Task<T>> create, CancellationToken cancellationToken) where T : notnull
    {
        try
        {
            await connection.CallAsync(create, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.ErrorCode is { } code
            && (code == BlobErrorCode.BlobAlreadyExists || code == BlobErrorCode.ConditionNotMet || code == "UnauthorizedBlobOverwrite" || BlobConnection.IsImmutable(e)))
        {
            return false;
        }
    }

    async Task<Existing> ExistingAsync(CancellationToken cancellationToken)
    {
        if (await connection.PropertiesAsync(name, cancellationToken) is not { } properties) return Existing.None;
        if (properties.Metadata.TryGetValue(WriterKey, out var writer) && writer == _writer) return Existing.Mine;
        try
        {
            // The same metadata again, the writer's name among it: its own retry may be on the way.
            var unchanged = new BlobRequestConditions { IfMatch = properties.ETag };
            await connection.CallAsync(token => _blob.SetMetadataAsync(properties.Metadata, unchanged, token), cancellationToken);
        }
        catch (RequestFailedException e) when (BlobConnection.IsMissing(e))
        {
            return Existing.None;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.ConditionNotMet)
        {
            // Renewed by another one since it was looked at, or by a try whose answer was lost; or removed.
            return await connection.PropertiesAsync(name, cancellationToken) is null ? Existing.None : Existing.Renewed;
        }
        catch (RequestFailedException e) when (BlobConnection.IsImmutable(e))
        {
            // A policy that forbids this forbids its removal too.
        }
        return Existing.Renewed;
    }

    static BlobRequestConditions New() => new() { IfNoneMatch = ETag.All };

    Dictionary<string, string> Metadata() => new() { [WriterKey] = _writer };

#pragma warning disable CA5351 // The checksum that the service itself checks; the content's SHA-256 is in its name.
    static byte[] Md5(Block block) => MD5.HashData(block.Buffer.AsSpan(0, block.Length));
#pragma warning restore CA5351

    // All names of one blob's blocks must be of one length.
    static string Id(int index, int length, byte[] md5)
    {
        var id = new byte[24];
        BinaryPrimitives.WriteInt32BigEndian(id, index);
        BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(4), length);
        md5.CopyTo(id, 8);
        return Convert.ToBase64String(id);
    }

    readonly record struct Block(int Index, byte[] Buffer, int Length);
}
