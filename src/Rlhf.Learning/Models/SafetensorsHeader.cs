using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Rlhf.Learning.Models;

/// <summary>One tensor of a safetensors file; the offset counts from the file's beginning.</summary>
sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Count, long Offset);

/// <summary>Reads the header of a safetensors file and trusts nothing in it: all is checked before a tensor is allocated.</summary>
static class SafetensorsHeader
{
    const int Longest = 100_000_000; // the format's own limit

    internal static int Width(string type) => type == "F32" ? 4 : 2;

    /// <summary>A file's numbers as float32.</summary>
    internal static void Widen(string type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        if (type == "F32")
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(values));
            return;
        }
        var halves = MemoryMarshal.Cast<byte, ushort>(bytes);
        if (type == "BF16")
            for (var i = 0; i < halves.Length; i++) values[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
        else
            for (var i = 0; i < halves.Length; i++) values[i] = (float)BitConverter.UInt16BitsToHalf(halves[i]);
    }

    /// <summary>Entries by offset, which fill the rest of the file without hole or overlap.</summary>
    internal static List<SafetensorsEntry> Read(Stream stream, string file)
    {
        using var header = Document(stream, file, out var dataStart);
        var entries = new Dictionary<string, (SafetensorsEntry Entry, long End)>();
        foreach (var property in header.RootElement.EnumerateObject())
            if (property.Name != "__metadata__" && !entries.TryAdd(property.Name, Entry(property, dataStart, file)))
                throw Broken(file, $"tensor '{property.Name}' is listed twice");
        var position = dataStart;
        foreach (var (entry, end) in entries.Values.OrderBy(e => e.Entry.Offset).ThenBy(e => e.End))
        {
            if (entry.Offset != position || end > stream.Length)
                throw Broken(
                    file, $"tensor '{entry.Name}' lies at bytes {entry.Offset} to {end}, but its data was expected to begin at {position} and end by {stream.Length}");
            position = end;
        }
        return position == stream.Length
            ? [.. entries.Values.Select(e => e.Entry).OrderBy(e => e.Offset)]
            : throw Broken(file, $"it has {stream.Length} bytes, but its tensors end at {position}");
    }

    static JsonDocument Document(Stream stream, string file, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length - stream.Position < 8)
            throw Broken(file, $"it has {stream.Length} bytes, but at least the 8 of the header's length were expected");
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > Longest || (long)length > stream.Length - stream.Position)
            throw Broken(
                file, $"its header says that it has {length} bytes, but at most {Math.Min(Longest, stream.Length - stream.Position)} were expected");
        var header = new byte[length];
        stream.ReadExactly(header);
        dataStart = stream.Position;
        if (!Utf8.IsValid(header)) throw Broken(file, "its header is no JSON, since it is no UTF-8");
        try
        {
            var document = JsonDocument.Parse(header);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw Broken(file, "its header is no JSON object");
        }
        catch (JsonException e)
        {
            throw Broken(file, "its header is no JSON", e);
        }
    }

    static (SafetensorsEntry, long End) Entry(JsonProperty property, long dataStart, string file)
    {
        try
        {
            var type = property.Value.GetProperty("dtype").GetString();
            if (type is not ("F32" or "F16" or "BF16"))
                throw Broken(file, $"tensor '{property.Name}' has dtype '{type}', but F32, F16 or BF16 was expected");
            long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())];
            long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(d => d.GetInt64())];
            var count = shape.Aggregate(1L, (product, d) => checked(product * (d >= 0 ? d : throw new OverflowException())));
            if (offsets is not [>= 0, _] || checked(offsets[1] - offsets[0]) != checked(count * Width(type)))
                throw Broken(
                    file, $"tensor '{property.Name}' of shape [{string.Join(", ", shape)}] does not take the bytes {string.Join(" to ", offsets)}");
            return (new(property.Name, type, shape, count, checked(dataStart + offsets[0])), checked(dataStart + offsets[1]));
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Broken(file, $"the entry of tensor '{property.Name}' is not a dtype, a shape and two offsets", e);
        }
    }

    internal static InvalidDataException Broken(string file, string sentence, Exception? inner = null) =>
        new($"'{file}' is no usable safetensors file: {sentence}.", inner);
}
