using System.Globalization;
using System.Text;
using Rlhf.Learning.Models;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The files of a trainer's checkpoint: the tensors of all its parts, the count of updates, and the parts' numbers.</summary>
static class TrainerState
{
    const string TensorsExtension = ".safetensors", NumbersFile = "state.txt";

    // A file is an array in memory, which can't hold a large model's state at once.
    const long LargestFile = 1 << 29;

    const char Offset = '@';

    public static IEnumerable<KeyValuePair<string, Stream>> Save(AdamW optimizer, int completed) => Save([("", optimizer)], completed);

    /// <summary>
    /// Parts by the prefix of their tensors' names, in as many files as it takes with at most <paramref name="largest"/> bytes of numbers each; a double
    /// is written so that it reads back as the same bits.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, Stream>> Save(IReadOnlyList<(string Prefix, IState State)> parts, int completed, long largest = LargestFile)
    {
        double[] numbers = [completed, .. parts.SelectMany(p => p.State.Numbers)];
        yield return new(NumbersFile, new MemoryStream(Encoding.ASCII.GetBytes(string.Join(' ', numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture))))));
        foreach (var (index, pieces) in Files(Tensors(parts), largest / sizeof(float)).Index()) yield return new(TensorsFileOf(index), new SafetensorsStream(pieces));
    }

    /// <summary>Returns the count of completed updates.</summary>
    public static int Restore(AdamW optimizer, IEnumerable<KeyValuePair<string, Stream>> files) => Restore([("", optimizer)], files);

    /// <summary>Puts the parts back, and returns the count of completed updates.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is another training's: a file, a tensor or a number is missing or of another size.</exception>
    public static int Restore(IReadOnlyList<(string Prefix, IState State)> parts, IEnumerable<KeyValuePair<string, Stream>> files)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var missing = Tensors(parts).ToDictionary(t => t.Name, t => (Tensor: t.Value.view(-1), Done: 0L));
        double[]? numbers = null;
        foreach (var (name, content) in files)
        {
            using (content)
            {
                if (name == NumbersFile) numbers = Numbers(parts, content);
                else if (name.EndsWith(TensorsExtension, StringComparison.Ordinal)) Put(missing, name, content);
            }
        }
        if (numbers is null) throw new InvalidDataException($"A checkpoint has no file {NumbersFile}; expected one.");
        if (missing.FirstOrDefault(t => t.Value.Done < t.Value.Tensor.numel()) is { Key: { } lacking } gap)
            throw new InvalidDataException($"The checkpoint has no tensor '{lacking}' of {gap.Value.Tensor.numel()} numbers.");
        var next = 1;
        foreach (var (_, state) in parts)
        {
            var count = state.Numbers.Length;
            state.Numbers = numbers[next..(next + count)];
            next += count;
        }
        return (int)numbers[0];
    }

    static double[] Numbers(IReadOnlyList<(string Prefix, IState State)> parts, Stream text)
    {
        var numbers = new StreamReader(text, Encoding.ASCII).ReadToEnd().Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        var expected = 1 + parts.Sum(p => p.State.Numbers.Length);
        return numbers.Length == expected
            ? numbers
            : throw new InvalidDataException($"The checkpoint's {NumbersFile} has {numbers.Length} numbers; expected {expected}.");
    }

    static void Put(Dictionary<string, (Tensor Tensor, long Done)> missing, string name, Stream content)
    {
        using var file = SafetensorsFile.Open(content, name);
        // By name a tensor's pieces follow each other.
        foreach (var piece in file.Entries.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            var whole = piece.Name.Split(Offset)[0];
            if (!missing.TryGetValue(whole, out var target) || target.Done + piece.Count > target.Tensor.numel()) continue;
            using var scope = NewDisposeScope();
            file.ReadInto(piece, target.Tensor.narrow(0, target.Done, piece.Count));
            missing[whole] = (target.Tensor, target.Done + piece.Count);
        }
    }

    static string TensorsFileOf(int index) => $"state{(index == 0 ? "" : $"-{index + 1}")}{TensorsExtension}";

    /// <summary>Tensors cut into pieces, in as many files as it takes with at most so many numbers each; one after a tensor's first is named by where it begins.</summary>
    static IEnumerable<List<TensorPiece>> Files(IEnumerable<(string Name, Tensor Value)> tensors, long largest)
    {
        var file = new List<TensorPiece>();
        var left = largest;
        foreach (var (name, value) in tensors)
        {
            for (long done = 0; done < value.numel();)
            {
                var count = Math.Min(left, value.numel() - done);
                file.Add(new(done == 0 ? name : $"{name}{Offset}{done:d15}", value, done, count));
                done += count;
                left -= count;
                if (left > 0) continue;
                yield return file;
                (file, left) = ([], largest);
            }
        }
        if (file.Count > 0) yield return file;
    }

    static IEnumerable<(string Name, Tensor Value)> Tensors(IReadOnlyList<(string Prefix, IState State)> parts) =>
        parts.SelectMany(p => p.State.Tensors.Select(t => (p.Prefix + t.Name, t.Value)));
}
