using System.Globalization;
using System.Text;
using Rlhf.Learning.Models;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The files of a trainer's checkpoint: every tensor of the optimizer's state, and the count of updates.</summary>
static class TrainerState
{
    const string Tensors = "state.safetensors", Numbers = "state.txt";

    public static IReadOnlyDictionary<string, byte[]> Save(AdamW optimizer, int completed)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, optimizer.State());
        return new Dictionary<string, byte[]>
        {
            [Tensors] = stream.ToArray(),
            [Numbers] = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{completed} {optimizer.Count}")),
        };
    }

    /// <summary>Returns the count of completed updates.</summary>
    public static int Restore(AdamW optimizer, IReadOnlyDictionary<string, byte[]> files)
    {
        using var scope = NewDisposeScope();
        if (!files.TryGetValue(Tensors, out var tensors) || !files.TryGetValue(Numbers, out var numbers))
            throw new InvalidDataException($"A checkpoint has the files {string.Join(", ", files.Keys)}; expected {Tensors} and {Numbers}.");
        var counts = Encoding.ASCII.GetString(numbers).Split(' ').Select(n => int.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        optimizer.Restore(Safetensors.Read(new MemoryStream(tensors), Tensors), counts[1]);
        return counts[0];
    }
}
