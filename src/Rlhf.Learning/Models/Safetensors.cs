using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>How weights are written; in memory they are always float32.</summary>
public enum WeightType
{
    /// <summary>As they are, without loss.</summary>
    Float32,

    /// <summary>Rounded to 8 bits of precision, to the nearest, ties to even.</summary>
    BFloat16,

    /// <summary>Rounded to 11 bits of precision; what is beyond ±65504 is an error.</summary>
    Float16,
}

/// <summary>Hugging Face's safetensors files: length of the header, header in JSON, data. Equal tensors give equal bytes.</summary>
public static class Safetensors
{
    // Numbers at a time on their way to the file.
    const int Chunk = 1 << 20;

    /// <summary>Writes float32 tensors, sorted by name; views are made contiguous one at a time.</summary>
    /// <exception cref="InvalidDataException">A number does not fit the type.</exception>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors, WeightType type = WeightType.Float32)
    {
        using var stream = File.Create(path);
        Write(stream, tensors, type);
    }

    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}}, WeightType)"/>
    public static void Write(Stream stream, IEnumerable<(string Name, Tensor Value)> tensors, WeightType type = WeightType.Float32)
    {
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        if (sorted.FirstOrDefault(t => t.Value.dtype != ScalarType.Float32) is { Name: { } other } wrong)
            throw new ArgumentException($"Tensor '{other}' is {wrong.Value.dtype}, but Float32 was expected.");
        stream.Write(Header([.. sorted.Select(t => (t.Name, t.Value.shape))], type));
        foreach (var (name, value) in sorted) Write(stream, name, value, type);
    }

    /// <summary>Bytes that a number of a type takes in a file.</summary>
    public static int Width(WeightType type) => type == WeightType.Float32 ? 4 : 2;

    /// <summary>Reads all tensors as float32 on the CPU; they belong to the caller's dispose scope.</summary>
    /// <exception cref="InvalidDataException">The file is truncated, damaged, or holds another type than F32, F16 or BF16.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Entries.ToDictionary(entry => entry.Name, file.Load);
    }

    static void Write(Stream stream, string name, Tensor value, WeightType type)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var flat = value.detach().contiguous().view(-1);
        var narrow = new byte[type == WeightType.Float32 ? 0 : Chunk * 2];
        for (long done = 0; done < flat.shape[0]; done += Chunk)
        {
            using var part = NewDisposeScope();
            var bytes = flat.narrow(0, done, Math.Min(Chunk, flat.shape[0] - done)).cpu().bytes;
            stream.Write(type == WeightType.Float32 ? bytes : Narrow(name, MemoryMarshal.Cast<byte, float>(bytes), type, narrow));
        }
    }

    static Span<byte> Narrow(string name, Span<float> values, WeightType type, byte[] buffer)
    {
        var halves = MemoryMarshal.Cast<byte, ushort>(buffer.AsSpan(0, values.Length * 2));
        for (var i = 0; i < values.Length; i++)
        {
            halves[i] = type == WeightType.BFloat16 ? ToBFloat16(values[i]) : BitConverter.HalfToUInt16Bits((Half)values[i]);
            if (type == WeightType.Float16 && float.IsFinite(values[i]) && !Half.IsFinite((Half)values[i]))
                throw new InvalidDataException($"Tensor '{name}' holds {values[i]}, which float16 can't; expected at most 65504 (bfloat16 can).");
        }
        return buffer.AsSpan(0, values.Length * 2);
    }

    static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    /// <summary>What stands before the data of tensors, which are in the file's order.</summary>
    internal static byte[] Header(IReadOnlyList<(string Name, long[] Shape)> tensors, WeightType type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt"); // transformers refuses a file that does not say so
            json.WriteEndObject();
            long offset = 0;
            foreach (var (name, shape) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type switch { WeightType.Float32 => "F32", WeightType.BFloat16 => "BF16", _ => "F16" });
                WriteArray(json, "shape", shape);
                WriteArray(json, "data_offsets", offset, offset += shape.Aggregate(1L, (a, b) => a * b) * Width(type));
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var header = new byte[8 + (buffer.WrittenCount + 7) / 8 * 8]; // data is aligned to 8 bytes by spaces, as the format allows
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)header.Length - 8);
        header.AsSpan(8).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(header.AsSpan(8));
        return header;
    }

    static void WriteArray(Utf8JsonWriter json, string name, params ReadOnlySpan<long> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
