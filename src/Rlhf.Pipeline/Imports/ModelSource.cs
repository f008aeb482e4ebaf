using System.Buffers.Binary;
using System.Text.Json;
using Rlhf.Learning.Models;

namespace Rlhf.Pipeline.Imports;

/// <summary>What the weights of an imported model were.</summary>
/// <param name="Format"><c>safetensors</c> or <c>llama2.c</c>.</param>
/// <param name="Types">Types of the stored numbers: float32, bfloat16, float16; more than one where tensors differ.</param>
/// <param name="Files">Files that they were in: shards, and of an ensemble those of all members.</param>
public sealed record ModelSource(string Format, IReadOnlyList<string> Types, int Files)
{
    const string SingleFile = "model.safetensors";
    const string IndexFile = "model.safetensors.index.json";

    /// <summary>Of folders that have been loaded: their files are known to be sound.</summary>
    internal static ModelSource Of(IReadOnlyList<string> folders)
    {
        if (!File.Exists(Path.Combine(folders[0], HuggingFaceFolder.ConfigFile))) return new("llama2.c", ["float32"], 1);
        var files = folders.SelectMany(FilesOf).ToList();
        return new("safetensors", [.. files.SelectMany(TypesOf).Distinct().Order(StringComparer.Ordinal)], files.Count);
    }

    static IEnumerable<string> FilesOf(string folder)
    {
        if (File.Exists(Path.Combine(folder, SingleFile))) return [Path.Combine(folder, SingleFile)];
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, IndexFile)));
        var names = index.RootElement.GetProperty("weight_map").EnumerateObject().Select(p => p.Value.GetString()!).Distinct();
        return [.. names.Select(n => Path.Combine(folder, n))];
    }

    static IEnumerable<string> TypesOf(string file)
    {
        using var stream = File.OpenRead(file);
        Span<byte> length = stackalloc byte[8];
        stream.ReadExactly(length);
        var header = new byte[BinaryPrimitives.ReadInt64LittleEndian(length)];
        stream.ReadExactly(header);
        using var document = JsonDocument.Parse(header);
        return [.. document.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__").Select(p => p.Value.GetProperty("dtype").GetString() switch
        {
            "F32" => "float32",
            "BF16" => "bfloat16",
            _ => "float16",
        }).Distinct()];
    }
}
