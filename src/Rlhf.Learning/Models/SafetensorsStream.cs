using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>A part of a contiguous float32 tensor, flat: so many numbers from one on.</summary>
sealed record TensorPiece(string Name, Tensor Whole, long Start, long Count);

/// <summary>
/// A safetensors file of live float32 tensors that is read from them as it is asked for, a few megabytes at a time, so that nothing of their size is ever
/// made. The tensors must not change before it has been read, and stay the caller's.
/// </summary>
sealed class SafetensorsStream : Stream
{
    // Numbers at a time.
    const int Chunk = 1 << 20;

    readonly byte[] _header;
    readonly IReadOnlyList<(long Start, TensorPiece Piece)> _parts;
    readonly byte[] _buffer = new byte[Chunk * sizeof(float)];
    // Which bytes of the file the buffer holds.
    long _first = -1, _end = -1;

    internal SafetensorsStream(IEnumerable<TensorPiece> pieces)
    {
        var sorted = pieces.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        _header = Safetensors.Header([.. sorted.Select(p => (p.Name, new[] { p.Count }))], WeightType.Float32);
        var parts = new List<(long, TensorPiece)>();
        var position = (long)_header.Length;
        foreach (var piece in sorted)
        {
            parts.Add((position, piece));
            position += piece.Count * sizeof(float);
        }
        (_parts, Length) = (parts, position);
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        if (Position >= Length || buffer.Length == 0) return 0;
        if (Position < _header.Length) return Take(_header.AsSpan((int)Position), buffer);
        if (Position < _first || Position >= _end) Fill();
        return Take(_buffer.AsSpan((int)(Position - _first), (int)(_end - Position)), buffer);
    }

    int Take(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var count = Math.Min(from.Length, to.Length);
        from[..count].CopyTo(to);
        Position += count;
        return count;
    }

    void Fill()
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var (start, piece) = _parts.Last(p => p.Start <= Position && p.Piece.Count > 0);
        var number = (Position - start) / sizeof(float) / Chunk * Chunk;
        var bytes = piece.Whole.view(-1).narrow(0, piece.Start + number, Math.Min(Chunk, piece.Count - number)).cpu().bytes;
        bytes.CopyTo(_buffer);
        (_first, _end) = (start + number * sizeof(float), start + number * sizeof(float) + bytes.Length);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        _ => Length,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("A file of live tensors is only read.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A file of live tensors is only read.");
}
