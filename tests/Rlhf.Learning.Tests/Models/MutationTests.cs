using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Rlhf.Learning.Models;
using Rlhf.Learning.Randomness;
using Rlhf.Learning.Tests.Support;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Models;

/// <summary>Files as an enemy or a broken disk would make them. Each loads, or ends in one sentence; nothing is allocated that the file does not hold.</summary>
public class MutationTests
{
    const int Mutations = 500;

    static readonly string[] Tensors = ["llama", "llama-bfloat16", "gpt2", "qwen3", "llama-reward"];
    static readonly string[] Values = ["-1", "0", "1", "2147483647", "9223372036854775807", "1e308", "-1e-5", "null", "true", "\"x\"", "[]", "[1]", "{}", "\"\"", "1e999", "{\"rope_type\":\"llama3\"}"];

    [Fact]
    public void Five_hundred_mutated_weight_files()
    {
        var outcomes = Enumerable.Range(0, Mutations).Select(seed =>
        {
            using var folder = Copy(Tensors[seed % Tensors.Length]);
            var file = Directory.GetFiles(folder.Path, "*.safetensors").Order(StringComparer.Ordinal).First();
            var bytes = MutateWeights(File.ReadAllBytes(file), seed);
            File.WriteAllBytes(file, bytes);
            return Load(folder.Path);
        }).ToList();

        Check(outcomes);
    }

    [Fact]
    public void Five_hundred_mutated_configurations()
    {
        var outcomes = Enumerable.Range(0, Mutations).Select(seed =>
        {
            using var folder = Copy(Tensors[seed % Tensors.Length]);
            File.WriteAllText(folder.File("config.json"), MutateConfig(File.ReadAllText(folder.File("config.json")), seed));
            return Load(folder.Path);
        }).ToList();

        Check(outcomes);
    }

    static void Check(IReadOnlyList<(string? Sentence, long Allocated)> outcomes)
    {
        Assert.All(outcomes, o =>
        {
            Assert.InRange(o.Allocated, 0, 4_000_000);
            if (o.Sentence is not { } sentence) return;
            Assert.DoesNotContain('\n', sentence);
            Assert.EndsWith(".", sentence);
            Assert.InRange(sentence.Length, 20, 600);
        });
        // Mutations that no reader could see would prove nothing.
        Assert.InRange(outcomes.Count(o => o.Sentence is not null), Mutations / 2, Mutations);
    }

    /// <summary>The sentence of the refusal, or null where it loads; and the managed bytes that it took.</summary>
    static (string? Sentence, long Allocated) Load(string folder)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using var scope = NewDisposeScope();
            var (config, head) = DecoderConfigJson.Read(Path.Combine(folder, "config.json"));
            using var checkpoint = Checkpoint.Open(folder, []);
            (string, long[])[] extra = head == ModelHead.Score ? [("score.weight", [1, config.HiddenSize])] : [];
            using var parameters = checkpoint.Read(config, extra, CPU, trainable: false).Parameters;
            return (null, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        catch (InvalidDataException e)
        {
            return (e.Message, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    static byte[] MutateWeights(byte[] bytes, int seed)
    {
        var header = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        switch (Draw(seed, 0, 6))
        {
            case 0: // a few bytes of the header
                for (var i = 0; i < 3; i++) bytes[Draw(seed, 1 + i, header)] = (byte)Draw(seed, 10 + i, 256);
                return bytes;
            case 1: // cut anywhere
                return bytes[..Draw(seed, 1, bytes.Length)];
            case 2: // another length of the header
                BinaryPrimitives.WriteInt64LittleEndian(bytes, Draw(seed, 1, 2) == 0 ? long.MaxValue >> Draw(seed, 2, 63) : Draw(seed, 2, 2 * header));
                return bytes;
            case 3: // a digit of a shape or an offset
                var digits = Enumerable.Range(8, header - 8).Where(i => bytes[i] is >= (byte)'0' and <= (byte)'9').ToArray();
                bytes[digits[Draw(seed, 1, digits.Length)]] = (byte)('0' + Draw(seed, 2, 10));
                return bytes;
            case 4: // something behind
                return [.. bytes, .. new byte[1 + Draw(seed, 1, 100)]];
            default: // another header altogether
                var json = JsonNode.Parse(bytes.AsSpan(8, header - 8))!.AsObject();
                var names = json.Select(p => p.Key).Where(n => n != "__metadata__").ToArray();
                var entry = json[names[Draw(seed, 1, names.Length)]]!.AsObject();
                string[] keys = ["dtype", "shape", "data_offsets"];
                entry[keys[Draw(seed, 2, 3)]] = JsonNode.Parse(Values[Draw(seed, 3, Values.Length)] is "1e999" ? "\"F64\"" : Values[Draw(seed, 3, Values.Length)]);
                var changed = Encoding.UTF8.GetBytes(json.ToJsonString());
                var length = new byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(length, changed.Length);
                return [.. length, .. changed, .. bytes[header..]];
        }
    }

    static string MutateConfig(string text, int seed)
    {
        if (Draw(seed, 0, 5) == 0) return text[..Draw(seed, 1, text.Length)];
        var json = JsonNode.Parse(text)!.AsObject();
        string[] keys = [.. json.Select(p => p.Key).Where(k => k is not ("transformers_version" or "torch_dtype" or "use_cache" or "initializer_range" or "attention_dropout"))];
        for (var i = 0; i < 1 + Draw(seed, 1, 2); i++)
        {
            var key = keys[Draw(seed, 2 + i, keys.Length)];
            if (Draw(seed, 20 + i, 4) == 0)
            {
                json.Remove(key);
                continue;
            }
            var value = Values[Draw(seed, 10 + i, Values.Length)];
            json[key] = value == "1e999" ? JsonValue.Create(int.MaxValue - 1) : JsonNode.Parse(value);
        }
        return json.ToJsonString();
    }

    static int Draw(int seed, int place, int below) => (int)(CounterRandom.Uniform((ulong)seed, 7, 0, (uint)place) * below);

    static TemporaryFolder Copy(string family)
    {
        var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Families.Folder(family)).Where(f => !f.EndsWith("expected.json", StringComparison.Ordinal)))
            File.Copy(file, folder.File(Path.GetFileName(file)));
        return folder;
    }
}
