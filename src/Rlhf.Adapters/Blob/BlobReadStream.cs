namespace Rlhf.Adapters.Blob;

/// <summary>Reads an object from front to back while its next parts are on their way.</summary>
sealed class BlobReadStream : Stream
{
    readonly BlobDownload _download;
    readonly long _size;
    readonly Queue<Task<byte[]>> _ahead = [];
    readonly CancellationTokenSource _closed = new();
    byte[] _part;
    int _at;
    long _position, _asked;

    public BlobReadStream(BlobDownload download, long size, byte[] first)
    {
        (_download, _size, _part, _asked) = (download, size, first, first.Length);
        Ask();
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;

    /// <summary>The whole size in bytes, known although the stream cannot seek.</summary>
    public override long Length => _size;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException("This stream is read from front to back.");
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0) return 0;
        if (_at == _part.Length && !await NextAsync(cancellationToken)) return 0;
        var count = Math.Min(buffer.Length, _part.Length - _at);
        _part.AsMemory(_at, count).CopyTo(buffer);
        _at += count;
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("This stream is read from front to back.");

    public override void SetLength(long value) => throw new NotSupportedException("This stream is read only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is read only.");

    async Task<bool> NextAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
        if (_ahead.Count == 0) return false;
        // Taken from the queue only once it is there: a reader that gave up waiting may ask again.
        var next = await _ahead.Peek().WaitAsync(cancellationToken);
        _ = _ahead.Dequeue();
        _download.Return(_part);
        (_part, _at) = (next, 0);
        Ask();
        return true;
    }

    void Ask()
    {
        for (; _ahead.Count < _download.Parallel && _asked < _size; _asked += _download.PartBytes) _ahead.Enqueue(_download.ReadAsync(_asked, _closed.Token));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed.IsCancellationRequested)
        {
            _closed.Cancel();
            // Nobody waits for these any more; their end is looked at so that it does not count as overlooked.
            foreach (var part in _ahead) _ = part.ContinueWith(static p => p.Exception, TaskScheduler.Default);
            _closed.Dispose();
        }
        base.Dispose(disposing);
    }
}
