using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Writes a checkpoint as one file, or as shards with an index where it is larger than a shard may be.</summary>
static class ShardedWriter
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>A tensor is never split: a shard may be larger than <paramref name="largest"/> bytes by one tensor.</summary>
    internal static void Write(string folder, IReadOnlyList<(string Name, Tensor Value)> tensors, WeightType type, long largest)
    {
        var shards = Split(tensors, type, largest);
        if (shards.Count == 1)
        {
            Safetensors.Write(Path.Combine(folder, Checkpoint.SingleFile), shards[0], type);
            return;
        }
        var map = new JsonObject();
        foreach (var (index, shard) in shards.Index())
        {
            var file = $"model-{index + 1:00000}-of-{shards.Count:00000}.safetensors";
            Safetensors.Write(Path.Combine(folder, file), shard, type);
            foreach (var (name, _) in shard) map[name] = file;
        }
        var json = new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_size"] = tensors.Sum(t => Bytes(t.Value, type)) },
            ["weight_map"] = new JsonObject(map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone()))),
        };
        File.WriteAllText(Path.Combine(folder, Checkpoint.IndexFile), json.ToJsonString(Indented) + "\n");
    }

    static List<List<(string Name, Tensor Value)>> Split(IReadOnlyList<(string Name, Tensor Value)> tensors, WeightType type, long largest)
    {
        var shards = new List<List<(string, Tensor)>> { new() };
        long size = 0;
        foreach (var tensor in tensors)
        {
            var bytes = Bytes(tensor.Value, type);
            if (shards[^1].Count > 0 && size + bytes > largest)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += bytes;
        }
        return shards;
    }

    static long Bytes(Tensor tensor, WeightType type) => tensor.numel() * Safetensors.Width(type);
}
