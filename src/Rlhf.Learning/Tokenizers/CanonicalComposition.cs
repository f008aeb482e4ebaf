using System.IO.Compression;
using System.Text;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Unicode's canonical composition (NFC, Unicode Standard Annex 15), which .NET leaves out where globalization is invariant.</summary>
static class CanonicalComposition
{
    const int FirstHangul = 0xAC00, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeFirstTail = 0x11A7;
    const int Leads = 19, Vowels = 21, Tails = 28;

    static readonly Dictionary<int, int[]> Decompositions = [];
    static readonly Dictionary<int, int> Classes = [];
    static readonly Dictionary<(int First, int Second), int> Pairs = [];

    static CanonicalComposition()
    {
        using var stream = new DeflateStream(
            new MemoryStream(Convert.FromBase64String(CanonicalTable.Deflated)), CompressionMode.Decompress);
        List<int> composites = [];
        var point = 0;
        for (var left = Number(stream); left > 0; left--)
        {
            point += Number(stream);
            var kind = Number(stream);
            var parts = new int[kind / 2];
            for (var i = 0; i < parts.Length; i++)
                parts[i] = Number(stream);
            Decompositions[point] = parts;
            if (kind % 2 == 1)
                composites.Add(point);
        }
        point = 0;
        for (var left = Number(stream); left > 0; left--)
            Classes[point += Number(stream)] = Number(stream);
        // A composite of three is one of two and a third.
        foreach (var composite in composites.OrderBy(c => Decompositions[c].Length))
            if (Compose(Decompositions[composite][..^1]) is [var first])
                Pairs[(first, Decompositions[composite][^1])] = composite;
    }

    /// <summary>The composed form of a well-formed text.</summary>
    internal static string Compose(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF') < 0)
            return text; // below the first combining mark all is composed
        var composed = new StringBuilder(text.Length);
        foreach (var point in Compose(Decompose(text)))
            composed.Append(new Rune(point).ToString());
        return composed.ToString();
    }

    static List<int> Decompose(string text)
    {
        List<int> points = new(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var syllable = rune.Value - FirstHangul;
            if (syllable is >= 0 and < Leads * Vowels * Tails)
            {
                points.Add(FirstLead + syllable / (Vowels * Tails));
                points.Add(FirstVowel + syllable / Tails % Vowels);
                if (syllable % Tails > 0)
                    points.Add(BeforeFirstTail + syllable % Tails);
            }
            else if (Decompositions.TryGetValue(rune.Value, out var parts))
                points.AddRange(parts);
            else
                points.Add(rune.Value);
        }
        return Ordered(points);
    }

    /// <summary>Marks that follow one character, by class; those of one class keep their order.</summary>
    static List<int> Ordered(List<int> points)
    {
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && Class(points[end]) > 0)
                end++;
            if (end - start > 1)
                foreach (var (i, point) in points[start..end].OrderBy(Class).Index())
                    points[start + i] = point;
            start = end;
        }
        return points;
    }

    static List<int> Compose(IReadOnlyList<int> points)
    {
        List<int> composed = new(points.Count);
        var starter = -1;
        foreach (var point in points)
        {
            var (own, last) = (Class(point), composed.Count - 1);
            if (starter >= 0 && (last == starter || Class(composed[last]) < own) && Pair(composed[starter], point) is { } composite)
            {
                composed[starter] = composite;
                continue;
            }
            composed.Add(point);
            if (own == 0)
                starter = last + 1;
        }
        return composed;
    }

    static int? Pair(int first, int second)
    {
        if (first - FirstLead is >= 0 and < Leads && second - FirstVowel is >= 0 and < Vowels)
            return FirstHangul + ((first - FirstLead) * Vowels + second - FirstVowel) * Tails;
        if (first - FirstHangul is >= 0 and < Leads * Vowels * Tails && (first - FirstHangul) % Tails == 0
            && second - BeforeFirstTail is > 0 and < Tails)
            return first + second - BeforeFirstTail;
        return Pairs.TryGetValue((first, second), out var composite) ? composite : null;
    }

    static int Class(int point) => Classes.GetValueOrDefault(point);

    static int Number(Stream stream)
    {
        for (int number = 0, shift = 0; ; shift += 7)
        {
            var next = stream.ReadByte();
            number |= (next & 127) << shift;
            if (next < 128)
                return number;
        }
    }
}
