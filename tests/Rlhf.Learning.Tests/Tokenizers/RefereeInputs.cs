using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Learning.Tests.Support;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Learning.Tests.Tokenizers;

/// <summary>
/// The same vocabularies, tokenizers and texts as <c>tests/Support/huggingface/inputs.mjs</c> makes for Hugging Face's own tokenizers.
/// </summary>
static class RefereeInputs
{
    internal const int Count = 10_000;

    static readonly Lazy<string[]> AllTexts = new(MakeTexts);

    internal static IReadOnlyList<string> Texts => AllTexts.Value;

    internal static JsonNode Json(string name) => JsonNode.Parse(File.ReadAllBytes(Support(name)))!;

    /// <summary>Writes the family's tokenizer with a vocabulary; skips the test visibly where the vocabulary is absent.</summary>
    internal static void Write(string folder, string family, string vocabulary)
    {
        var all = Json("families.json")[family]!;
        var (pieces, merges) = Vocabulary(vocabulary, all["kind"]!.GetValue<string>());
        var file = all["tokenizer"]!;
        var next = pieces.Count;
        foreach (var token in file["added_tokens"]!.AsArray())
            token!["id"] = pieces.TryGetValue(token["content"]!.GetValue<string>(), out var id) ? id : next++;
        var processors = file["post_processor"]?["processors"]?.AsArray().ToArray() ?? [file["post_processor"]];
        foreach (var processor in processors)
            foreach (var (name, token) in processor?["special_tokens"]?.AsObject() ?? [])
            {
                var added = file["added_tokens"]!.AsArray().First(t => t!["content"]!.GetValue<string>() == name);
                token!["ids"] = new JsonArray(added!["id"]!.DeepClone());
            }
        file["model"]!["vocab"] = new JsonObject(pieces.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
        file["model"]!["merges"] = new JsonArray([.. merges.Select(m =>
            all["mergesAsArrays"]!.GetValue<bool>() ? (JsonNode)new JsonArray(m.Left, m.Right) : JsonValue.Create($"{m.Left} {m.Right}"))]);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), file.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), all["config"]!.ToJsonString());
    }

    /// <summary>Lists of ids that no text needs to give, without the one that begins a text: ours drops a space after each.</summary>
    internal static IEnumerable<int[]> IdLists(int size, int[] begin)
    {
        var next = Generator(41);
        for (var i = 0; i < 1000; i++)
        {
            var ids = new int[1 + next(12)];
            for (var k = 0; k < ids.Length; k++)
                ids[k] = next(size);
            yield return [.. ids.Where(id => !begin.Contains(id))];
        }
    }

    /// <summary>What people and models wrote; skips the test visibly where it is absent.</summary>
    internal static IEnumerable<string> RealTexts()
    {
        var stories = JsonSerializer.Deserialize<string[]>(File.ReadAllBytes(SharedData.Path("tinystories", "tinystories_1000.json")))!;
        using var dialogues = new StreamReader(
            new GZipStream(File.OpenRead(SharedData.Path("hh-rlhf", "helpful-base.test.jsonl.gz")), CompressionMode.Decompress));
        return [.. stories, .. dialogues.ReadToEnd().Split('\n').Where(line => line.Length > 0).Take(1000)];
    }

    static string[] MakeTexts()
    {
        var json = Json("fragments.json");
        string[] fragments = [.. json["fragments"]!.AsArray().Select(f => f!.GetValue<string>())];
        (int First, int Last)[] ranges = [.. json["ranges"]!.AsArray().Select(r => (r![0]!.GetValue<int>(), r[1]!.GetValue<int>()))];
        var next = Generator(20240607);
        return [.. Enumerable.Range(0, Count).Select(Text)];

        string Text(int index)
        {
            var text = new StringBuilder();
            for (var left = 1 + next(index % 100 == 0 ? 60 : 10); left > 0; left--)
            {
                var fragment = fragments[next(fragments.Length)];
                var kind = next(8);
                text.Append(kind < 5 ? fragment
                    : kind < 7 ? Character()
                    : Run(fragment.EnumerateRunes().First().ToString(), 1 + next(index % 50 == 0 ? 300 : 12)));
            }
            return text.ToString();
        }

        string Character()
        {
            var (first, last) = ranges[next(ranges.Length)];
            var point = first + next(last - first + 1);
            return Rune.IsValid(point) ? new Rune(point).ToString() : " ";
        }

        static string Run(string character, int length) => string.Concat(Enumerable.Repeat(character, length));
    }

    // Marsaglia's xorshift, which is the same in every language.
    static Func<int, int> Generator(uint seed) => n =>
    {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return (int)(seed % (uint)n);
    };

    static (Dictionary<string, int> Ids, List<(string Left, string Right)> Merges) Vocabulary(string name, string kind)
    {
        switch (name, kind)
        {
            case ("small", "bytes"):
                var merges = Merges(File.ReadLines(Support("small-merges.txt")));
                return (Numbered([.. ByteAlphabet.All.ToArray().Select(c => c.ToString()), .. merges.Select(m => m.Left + m.Right)]), merges);
            case ("small", _):
                List<(string Left, string Right)> marked = [.. Merges(File.ReadLines(Support("small-merges.txt")))
                    .Select(m => (Left: m.Left.Replace('Ġ', '▁'), Right: m.Right.Replace('Ġ', '▁')))
                    .Where(m => (m.Left + m.Right).All(c => c is '▁' or (>= ' ' and <= '~')))];
                return (Numbered(
                    [
                        "<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(SentencePieceBpeTokenizer.ByteName),
                        "▁", .. Enumerable.Range(33, 94).Select(c => ((char)c).ToString()), "é", "ü", "ß", "я", "中", "😀",
                        .. marked.Select(m => m.Left + m.Right),
                    ]), marked);
            case ("gpt2", _):
                return (
                    JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllBytes(SharedData.Path("gpt2-tokenizer", "vocab.json")))!,
                    Merges(File.ReadLines(SharedData.Path("gpt2-tokenizer", "merges.txt"))));
            default:
                using (var folder = new TemporaryFolder())
                {
                    Llama2cTokenizer.Load(SharedData.Path("stories260K", "tok512.bin")).ToHuggingFace().Save(folder.Path);
                    var model = JsonNode.Parse(File.ReadAllBytes(folder.File("tokenizer.json")))!["model"]!;
                    return (model["vocab"]!.Deserialize<Dictionary<string, int>>()!, Merges(model["merges"]!.AsArray().Select(m => m!.GetValue<string>())));
                }
        }
    }

    static List<(string Left, string Right)> Merges(IEnumerable<string> lines) =>
        [.. lines.Where(l => l.Length > 0 && !l.StartsWith("#version", StringComparison.Ordinal)).Select(l => l.Split(' ')).Select(m => (m[0], m[1]))];

    static Dictionary<string, int> Numbered(IEnumerable<string> pieces) => pieces.Distinct().Index().ToDictionary(p => p.Item, p => p.Index);

    static string Support(string name) => Path.Combine(SharedData.Root(), "tests", "Support", "huggingface", name);
}
