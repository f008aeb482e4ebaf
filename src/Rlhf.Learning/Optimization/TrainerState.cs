using System.Globalization;
using System.Text;
using Rlhf.Learning.Models;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The files of a trainer's checkpoint: the tensors of all its parts, the count of updates, and the parts' numbers.</summary>
static class TrainerState
{
    const string TensorsFile = "state.safetensors", NumbersFile = "state.txt";

    // A file is an array in memory, which can't hold a large model's state at once.
    const long LargestFile = 1 << 29;

    const char Offset = '@';

    public static IReadOnlyDictionary<string, byte[]> Save(AdamW optimizer, int completed) => Save([("", optimizer)], completed);

    /// <summary>
    /// Parts by the prefix of their tensors' names, in as many files as it takes with at most <paramref name="largest"/> bytes of numbers each; a double
    /// is written so that it reads back as the same bits.
    /// </summary>
    public static IReadOnlyDictionary<string, byte[]> Save(IReadOnlyList<(string Prefix, IState State)> parts, int completed, long largest = LargestFile)
    {
        using var scope = NewDisposeScope();
        double[] numbers = [completed, .. parts.SelectMany(p => p.State.Numbers)];
        var files = new Dictionary<string, byte[]>
        {
            [NumbersFile] = Encoding.ASCII.GetBytes(string.Join(' ', numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture)))),
        };
        foreach (var (index, pieces) in Files(Tensors(parts), largest / sizeof(float)).Index())
        {
            using var stream = new MemoryStream();
            Safetensors.Write(stream, pieces);
            files[TensorsFileOf(index)] = stream.ToArray();
        }
        return files;
    }

    /// <summary>Returns the count of completed updates.</summary>
    public static int Restore(AdamW optimizer, IReadOnlyDictionary<string, byte[]> files) => Restore([("", optimizer)], files);

    /// <summary>Puts the parts back, and returns the count of completed updates.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is another training's: a file, a tensor or a number is missing or of another size.</exception>
    public static int Restore(IReadOnlyList<(string Prefix, IState State)> parts, IReadOnlyDictionary<string, byte[]> files)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (!files.ContainsKey(TensorsFile) || !files.TryGetValue(NumbersFile, out var text))
            throw new InvalidDataException($"A checkpoint has the files {string.Join(", ", files.Keys)}; expected {TensorsFile} and {NumbersFile}.");
        var missing = Tensors(parts).ToDictionary(t => t.Name, t => (Tensor: t.Value.view(-1), Done: 0L));
        for (var index = 0; files.TryGetValue(TensorsFileOf(index), out var bytes); index++)
        {
            using var file = NewDisposeScope();
            foreach (var (name, piece) in Safetensors.Read(new MemoryStream(bytes), TensorsFileOf(index)).OrderBy(t => t.Key, StringComparer.Ordinal))
                Put(missing, name, piece);
        }
        if (missing.FirstOrDefault(t => t.Value.Done < t.Value.Tensor.numel()) is { Key: { } lacking } gap)
            throw new InvalidDataException($"The checkpoint has no tensor '{lacking}' of {gap.Value.Tensor.numel()} numbers.");
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

    static string TensorsFileOf(int index) => index == 0 ? TensorsFile : $"state-{index + 1}.safetensors";

    /// <summary>Tensors cut into pieces, flat, that fit into a file of so many numbers; a piece after a tensor's first is named by its offset.</summary>
    static IEnumerable<List<(string Name, Tensor Value)>> Files(IEnumerable<(string Name, Tensor Value)> tensors, long largest)
    {
        var file = new List<(string, Tensor)>();
        var left = largest;
        foreach (var (name, value) in tensors)
        {
            using var mode = no_grad();
            var flat = value.view(-1);
            for (long done = 0; done < flat.numel();)
            {
                var count = Math.Min(left, flat.numel() - done);
                file.Add((done == 0 ? name : $"{name}{Offset}{done:d15}", flat.narrow(0, done, count)));
                done += count;
                left -= count;
                if (left > 0) continue;
                yield return file;
                (file, left) = ([], largest);
            }
        }
        if (file.Count > 0) yield return file;
    }

    static void Put(Dictionary<string, (Tensor Tensor, long Done)> missing, string name, Tensor piece)
    {
        var whole = name.Split(Offset)[0];
        if (!missing.TryGetValue(whole, out var target) || target.Done + piece.numel() > target.Tensor.numel()) return;
        target.Tensor.narrow(0, target.Done, piece.numel()).copy_(piece.view(-1));
        missing[whole] = (target.Tensor, target.Done + piece.numel());
    }

    static IEnumerable<(string Name, Tensor Value)> Tensors(IReadOnlyList<(string Prefix, IState State)> parts) =>
        parts.SelectMany(p => p.State.Tensors.Select(t => (p.Prefix + t.Name, t.Value)));
}
