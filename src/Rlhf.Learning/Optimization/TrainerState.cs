using System.Globalization;
using System.Text;
using Rlhf.Learning.Models;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The files of a trainer's checkpoint: the tensors of all its parts, the count of updates, and the parts' numbers.</summary>
static class TrainerState
{
    const string TensorsFile = "state.safetensors", NumbersFile = "state.txt";

    public static IReadOnlyDictionary<string, byte[]> Save(AdamW optimizer, int completed) => Save([("", optimizer)], completed);

    /// <summary>Parts by the prefix of their tensors' names; a double is written so that it reads back as the same bits.</summary>
    public static IReadOnlyDictionary<string, byte[]> Save(IReadOnlyList<(string Prefix, IState State)> parts, int completed)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, Tensors(parts));
        double[] numbers = [completed, .. parts.SelectMany(p => p.State.Numbers)];
        return new Dictionary<string, byte[]>
        {
            [TensorsFile] = stream.ToArray(),
            [NumbersFile] = Encoding.ASCII.GetBytes(string.Join(' ', numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture)))),
        };
    }

    /// <summary>Returns the count of completed updates.</summary>
    public static int Restore(AdamW optimizer, IReadOnlyDictionary<string, byte[]> files) => Restore([("", optimizer)], files);

    /// <summary>Puts the parts back, and returns the count of completed updates.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is another training's: a file, a tensor or a number is missing or of another size.</exception>
    public static int Restore(IReadOnlyList<(string Prefix, IState State)> parts, IReadOnlyDictionary<string, byte[]> files)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!files.TryGetValue(TensorsFile, out var bytes) || !files.TryGetValue(NumbersFile, out var text))
            throw new InvalidDataException($"A checkpoint has the files {string.Join(", ", files.Keys)}; expected {TensorsFile} and {NumbersFile}.");
        var saved = Safetensors.Read(new MemoryStream(bytes), TensorsFile);
        foreach (var (name, value) in Tensors(parts))
        {
            if (!saved.TryGetValue(name, out var tensor) || tensor.numel() != value.numel())
                throw new InvalidDataException($"The checkpoint has no tensor '{name}' of {value.numel()} numbers.");
            value.copy_(tensor);
        }
        var numbers = Encoding.ASCII.GetString(text).Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        var expected = 1 + parts.Sum(p => p.State.Numbers.Length);
        if (numbers.Length != expected)
            throw new InvalidDataException($"The checkpoint's {NumbersFile} has {numbers.Length} numbers; expected {expected}.");
        var next = 1;
        foreach (var (_, state) in parts)
        {
            var count = state.Numbers.Length;
            state.Numbers = numbers[next..(next + count)];
            next += count;
        }
        return (int)numbers[0];
    }

    static IEnumerable<(string Name, Tensor Value)> Tensors(IReadOnlyList<(string Prefix, IState State)> parts) =>
        parts.SelectMany(p => p.State.Tensors.Select(t => (p.Prefix + t.Name, t.Value)));
}
