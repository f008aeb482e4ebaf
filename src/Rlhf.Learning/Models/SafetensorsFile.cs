using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// A safetensors file that is open for reading: its header has been checked, and tensors are read straight into where they are wanted, a few megabytes
/// at a time.
/// </summary>
sealed class SafetensorsFile : IDisposable
{
    // Numbers at a time where a type is widened or a device filled.
    const int Chunk = 1 << 20;

    readonly Stream _stream;

    SafetensorsFile(string name, Stream stream, IReadOnlyList<SafetensorsEntry> entries) => (Name, _stream, Entries) = (name, stream, entries);

    /// <summary>The file's name without its folder.</summary>
    internal string Name { get; }

    internal IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <exception cref="InvalidDataException">There is no such file, or its header can't be trusted.</exception>
    internal static SafetensorsFile Open(string path)
    {
        var name = Path.GetFileName(path);
        if (!File.Exists(path)) throw new InvalidDataException($"There is no file '{name}' in '{Path.GetDirectoryName(path)}'.");
        return Open(File.OpenRead(path), name);
    }

    /// <summary>A stream that can seek, which is closed with this or where its header can't be trusted; <paramref name="name"/> stands for it in errors.</summary>
    /// <exception cref="InvalidDataException">Its header can't be trusted.</exception>
    internal static SafetensorsFile Open(Stream stream, string name)
    {
        try
        {
            return new(name, stream, SafetensorsHeader.Read(stream, name));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>A tensor as float32 on the CPU.</summary>
    internal Tensor Load(SafetensorsEntry entry) => Load(entry, CPU);

    internal Tensor Load(SafetensorsEntry entry, Device device)
    {
        var target = empty(entry.Shape, ScalarType.Float32, device);
        ReadInto(entry, target);
        return target;
    }

    /// <summary>Reads a tensor into <paramref name="target"/>, contiguous float32 of as many numbers on any device.</summary>
    internal void ReadInto(SafetensorsEntry entry, Tensor target)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var flat = target.detach().view(-1);
        for (long done = 0; done < entry.Count; done += Chunk)
        {
            using var part = NewDisposeScope();
            var count = (int)Math.Min(Chunk, entry.Count - done);
            var rows = flat.narrow(0, done, count);
            var host = target.device_type == DeviceType.CPU ? rows : empty(count, ScalarType.Float32);
            Read(entry, done, MemoryMarshal.Cast<byte, float>(host.bytes));
            if (!ReferenceEquals(host, rows)) rows.copy_(host);
        }
    }

    void Read(SafetensorsEntry entry, long first, Span<float> values)
    {
        var position = entry.Offset + first * SafetensorsHeader.Width(entry.Type);
        if (entry.Type == "F32")
        {
            Fill(MemoryMarshal.AsBytes(values), position, entry);
            return;
        }
        var halves = new byte[values.Length * 2];
        Fill(halves, position, entry);
        SafetensorsHeader.Widen(entry.Type, halves, values);
    }

    void Fill(Span<byte> bytes, long position, SafetensorsEntry entry)
    {
        _stream.Position = position;
        if (_stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw SafetensorsHeader.Broken(Name, $"it ends within tensor '{entry.Name}'; it became shorter while it was read");
    }

    public void Dispose() => _stream.Dispose();
}
