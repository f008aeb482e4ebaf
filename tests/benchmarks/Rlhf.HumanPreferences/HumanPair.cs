using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Rlhf.HumanPreferences;

/// <summary>One side of a pair: the dialogue up to and with the last <c>Assistant:</c>, and what followed it.</summary>
sealed record Side(string Context, string Completion);

/// <summary>What a person chose and what not, from a file of hh-rlhf (Bai et al. 2022).</summary>
sealed partial record HumanPair(string Id, string Source, Side Chosen, Side Rejected)
{
    const string Turn = "\n\nAssistant:";

    sealed record Row(string Chosen, string Rejected);

    /// <summary>Pairs of one file whose sides differ.</summary>
    /// <exception cref="InvalidDataException">A side has no turn of the assistant.</exception>
    public static List<HumanPair> Read(string folder, string source)
    {
        using var file = File.OpenRead(Path.Combine(folder, $"{source}.test.jsonl.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        List<HumanPair> pairs = [];
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            var row = JsonSerializer.Deserialize<Row>(text, JsonSerializerOptions.Web)!;
            if (row.Chosen != row.Rejected) pairs.Add(new($"{source}:{line}", source, Split(row.Chosen), Split(row.Rejected)));
        }
        return pairs;

        Side Split(string text) => text.LastIndexOf(Turn, StringComparison.Ordinal) is >= 0 and var at
            ? new(text[..(at + Turn.Length)], text[(at + Turn.Length)..])
            : throw new InvalidDataException($"{source} has a text without '{Turn.Trim()}'; expected a dialogue.");
    }

    /// <summary>
    /// Fold 0 to <paramref name="folds"/> − 1, by a hash of the first human turn: every pair of a prompt, and every later turn of the same
    /// dialogue, is in the same one.
    /// </summary>
    public int Fold(string purpose, int folds)
    {
        var first = Chosen.Context.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[0];
        var key = $"{purpose}\n{Spaces().Replace(first.ToLowerInvariant(), " ").Trim()}";
        return (int)(BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes(key))) % (uint)folds);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
