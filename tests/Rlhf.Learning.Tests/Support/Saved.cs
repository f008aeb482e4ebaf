using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using TorchSharp;

namespace Rlhf.Learning.Tests.Support;

/// <summary>Checkpoints and safetensors files in memory.</summary>
static class Saved
{
    /// <summary>The bytes of a trainer's checkpoint by file, as a store would hold them.</summary>
    public static IReadOnlyDictionary<string, byte[]> Bytes(this ITrainer trainer) => trainer.Save().Bytes();

    public static IReadOnlyDictionary<string, byte[]> Bytes(this IEnumerable<KeyValuePair<string, Stream>> files) => files.ToDictionary(f => f.Key, f =>
    {
        using var content = f.Value;
        using var copy = new MemoryStream();
        content.CopyTo(copy);
        return copy.ToArray();
    });

    /// <summary>The same files as streams.</summary>
    public static IEnumerable<KeyValuePair<string, Stream>> Streams(this IEnumerable<KeyValuePair<string, byte[]>> files) =>
        files.Select(f => KeyValuePair.Create(f.Key, (Stream)new MemoryStream(f.Value)));

    public static IReadOnlyDictionary<string, torch.Tensor> Tensors(byte[] file)
    {
        using var opened = SafetensorsFile.Open(new MemoryStream(file), "x");
        return opened.Entries.ToDictionary(e => e.Name, opened.Load);
    }
}
