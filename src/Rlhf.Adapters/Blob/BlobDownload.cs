using System.Collections.Concurrent;
using Azure;
using Azure.Storage.Blobs.Models;

namespace Rlhf.Adapters.Blob;

/// <summary>One reader of one object: parts of it by range, all of one state of the object, each continued where a connection was lost.</summary>
sealed class BlobDownload(BlobConnection connection, string name)
{
    readonly ConcurrentBag<byte[]> _buffers = [];
    volatile State? _state;

    // What the object was when its first part came.
    sealed record State(ETag ETag, long Size, string? Writer, string? Md5)
    {
        // Objects are written once: the same writer's is the same content. What another program put there may have a whole hash.
        public bool HasContentOf(State other) => Size == other.Size && (Writer is not null ? Writer == other.Writer : Md5 is not null && Md5 == other.Md5);
    }

    public int PartBytes => connection.Options.BlockBytes;

    public int Parallel => connection.Options.Parallel;

    /// <summary>A stream of the object's bytes, or null where there is none. What is no larger than a part has come with one request.</summary>
    public Task<Stream?> OpenAsync(CancellationToken cancellationToken) => connection.SayingAsync(name, async () =>
    {
        try
        {
            var first = await PartAsync(0, cancellationToken);
            return _state!.Size == first.Length ? new MemoryStream(first, writable: false) : new BlobReadStream(this, _state.Size, first);
        }
        catch (RequestFailedException e) when (BlobConnection.IsMissing(e) && _state is null)
        {
            return null;
        }
        catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidRange && _state is null)
        {
            return (Stream?)new MemoryStream([], writable: false);
        }
    }, cancellationToken);

    /// <summary>The part that begins at the offset, whole.</summary>
    public Task<byte[]> ReadAsync(long offset, CancellationToken cancellationToken) =>
        connection.SayingAsync(name, () => PartAsync(offset, cancellationToken), cancellationToken);

    /// <summary>The part's memory may be used again.</summary>
    public void Return(byte[] part)
    {
        if (part.Length == PartBytes) _buffers.Add(part);
    }

    async Task<byte[]> PartAsync(long offset, CancellationToken cancellationToken)
    {
        var part = new Part(offset);
        while (true)
        {
            try
            {
                return await connection.CallAsync(token => FillAsync(part, token), cancellationToken);
            }
            catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.ConditionNotMet)
            {
                await FollowAsync(cancellationToken);
            }
        }
    }

    async Task<byte[]> FillAsync(Part part, CancellationToken cancellationToken)
    {
        var state = _state;
        var options = new BlobDownloadOptions
        {
            Range = new(part.Offset + part.Filled, (part.Buffer?.Length ?? PartBytes) - part.Filled),
            Conditions = state is null ? null : new() { IfMatch = state.ETag },
        };
        using var answer = (await connection.Blob(name).DownloadStreamingAsync(options, cancellationToken)).Value;
        state = _state ??= StateOf(answer.Details);
        var buffer = part.Buffer ??= Buffer((int)Math.Min(PartBytes, state.Size - part.Offset));
        while (part.Filled < buffer.Length)
        {
            var read = await answer.Content.ReadAsync(buffer.AsMemory(part.Filled), cancellationToken);
            if (read == 0) throw new IOException($"the answer ended {buffer.Length - part.Filled} bytes early");
            part.Filled += read;
        }
        return buffer;
    }

    // A writer that asked for the object again has renewed it, and so its ETag.
    async Task FollowAsync(CancellationToken cancellationToken)
    {
        var properties = await connection.PropertiesAsync(name, cancellationToken) ?? throw new IOException("it was removed while it was read.");
        var now = StateOf(properties);
        if (!now.HasContentOf(_state!)) throw new IOException("it was replaced by another content while it was read; read it again.");
        _state = now;
    }

    byte[] Buffer(int length) => length == PartBytes && _buffers.TryTake(out var used) ? used : new byte[length];

    static State StateOf(BlobDownloadDetails details) => new(details.ETag, Total(details), Writer(details.Metadata), Text(details.BlobContentHash));

    static State StateOf(BlobProperties properties) => new(properties.ETag, properties.ContentLength, Writer(properties.Metadata), Text(properties.ContentHash));

    // bytes 0-99/1234
    static long Total(BlobDownloadDetails details) =>
        details.ContentRange is { } range && long.TryParse(range.AsSpan(range.IndexOf('/') + 1), out var total) ? total : details.ContentLength;

    static string? Writer(IDictionary<string, string> metadata) => metadata.TryGetValue(BlobUpload.WriterKey, out var writer) ? writer : null;

    static string? Text(byte[]? hash) => hash is { Length: > 0 } ? Convert.ToBase64String(hash) : null;

    sealed class Part(long offset)
    {
        public long Offset => offset;
        public byte[]? Buffer { get; set; }
        public int Filled { get; set; }
    }
}
