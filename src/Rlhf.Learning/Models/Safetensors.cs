using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Hugging Face's safetensors files: length of the header, header in JSON, data. Equal tensors give equal bytes.</summary>
public static class Safetensors
{
    /// <summary>Writes float32 tensors, sorted by name.</summary>
    public static void Write(string path, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        using var stream = File.Create(path);
        Write(stream, tensors);
    }

    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}})"/>
    public static void Write(Stream stream, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToList();
        var header = Header(sorted);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var (_, value) in sorted)
        {
            using var scope = NewDisposeScope();
            using var data = value.detach().cpu().contiguous().data<float>();
            stream.Write(MemoryMarshal.AsBytes(data.ToArray().AsSpan()));
        }
    }

    /// <summary>Reads all tensors as float32 on the CPU; they belong to the caller's dispose scope.</summary>
    /// <exception cref="InvalidDataException">The file is truncated, damaged, or holds another type than F32, F16 or BF16.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(string path)
    {
        using var stream = Open(path);
        return Read(stream, Path.GetFileName(path));
    }

    /// <summary>Reads a stream that can seek; <paramref name="name"/> stands for it in errors.</summary>
    /// <inheritdoc cref="Read(string)"/>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream, string name) =>
        SafetensorsHeader.Read(stream, name).ToDictionary(entry => entry.Name, entry => ReadTensor(stream, entry, name));

    /// <summary>
    /// Reads a file that holds exactly the tensors of these names and shapes; nothing is allocated before the header has been checked.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not usable, or a tensor is missing, unknown or of another shape.</exception>
    public static ParameterSet ReadParameters(string path, IEnumerable<(string Name, long[] Shape)> shapes, Device device, bool trainable)
    {
        using var stream = Open(path);
        var name = Path.GetFileName(path);
        var entries = SafetensorsHeader.Read(stream, name);
        var parameters = new ParameterSet(Check(entries, shapes, name), device, trainable);
        foreach (var entry in entries)
        {
            using var scope = NewDisposeScope();
            parameters.Set(entry.Name, ReadTensor(stream, entry, name));
        }
        return parameters;
    }

    static FileStream Open(string path) =>
        File.Exists(path) ? File.OpenRead(path) : throw new InvalidDataException(
            $"There is no file '{Path.GetFileName(path)}' in '{Path.GetDirectoryName(path)}'.");

    static List<(string, long[])> Check(List<SafetensorsEntry> entries, IEnumerable<(string Name, long[] Shape)> shapes, string file)
    {
        var found = entries.ToDictionary(e => e.Name, e => e.Shape);
        var expected = new List<(string, long[])>();
        foreach (var (name, shape) in shapes)
        {
            if (!found.Remove(name, out var actual))
                throw SafetensorsHeader.Broken(file, $"tensor '{name}' is missing");
            if (!actual.SequenceEqual(shape))
                throw SafetensorsHeader.Broken(
                    file, $"tensor '{name}' has shape [{string.Join(", ", actual)}], but [{string.Join(", ", shape)}] was expected");
            expected.Add((name, shape));
        }
        return found.Count == 0
            ? expected
            : throw SafetensorsHeader.Broken(file, $"tensor '{found.Keys.Min(StringComparer.Ordinal)}' is not one of the model's");
    }

    static byte[] Header(List<(string Name, Tensor Value)> tensors)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt"); // transformers refuses a file that does not say so
            json.WriteEndObject();
            long offset = 0;
            foreach (var (name, value) in tensors)
            {
                if (value.dtype != ScalarType.Float32)
                    throw new ArgumentException($"Tensor '{name}' is {value.dtype}, but Float32 was expected.");
                json.WriteStartObject(name);
                json.WriteString("dtype", "F32");
                WriteArray(json, "shape", value.shape);
                WriteArray(json, "data_offsets", offset, offset += value.numel() * 4);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padded = new byte[(buffer.WrittenCount + 7) / 8 * 8]; // data is aligned to 8 bytes by spaces, as the format allows
        padded.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        return padded;
    }

    static void WriteArray(Utf8JsonWriter json, string name, params ReadOnlySpan<long> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    static Tensor ReadTensor(Stream stream, SafetensorsEntry entry, string file)
    {
        if (entry.Count > Array.MaxLength / 4)
            throw SafetensorsHeader.Broken(
                file, $"tensor '{entry.Name}' has {entry.Count} numbers, but at most {Array.MaxLength / 4} can be read");
        stream.Position = entry.Offset;
        var values = new float[entry.Count];
        if (entry.Type == "F32")
            stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        else
            ReadHalves(stream, entry.Type, values);
        return tensor(values, entry.Shape);
    }

    static void ReadHalves(Stream stream, string type, float[] values)
    {
        var halves = new ushort[values.Length];
        stream.ReadExactly(MemoryMarshal.AsBytes(halves.AsSpan()));
        for (var i = 0; i < values.Length; i++)
            values[i] = type == "BF16"
                ? BitConverter.UInt32BitsToSingle((uint)halves[i] << 16)
                : (float)BitConverter.UInt16BitsToHalf(halves[i]);
    }
}
