using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Names of the special tokens of a vocabulary.</summary>
sealed record SpecialTokens(string Bos, string Eos, string Pad);

/// <summary>What a byte-level BPE is made of, as the Hub's files hold it.</summary>
/// <param name="Ids">Every piece with its id, 0 to n - 1.</param>
/// <param name="Merges">Merges by rank, two pieces with a space between.</param>
/// <param name="Special">Pieces that stand for no text.</param>
sealed record BpeFiles(IReadOnlyDictionary<string, int> Ids, IReadOnlyList<string> Merges, SpecialTokens Special)
{
    const string MergesFile = "merges.txt";
    const string ConfigFile = "tokenizer_config.json";

    static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the alphabet is not ASCII; the file is no HTML
    };

    internal static BpeFiles Read(string folder)
    {
        try
        {
            var config = JsonNode.Parse(Bytes(folder, ConfigFile))!.AsObject();
            var eos = TokenName(config, "eos_token") ?? throw Broken(folder, $"{ConfigFile} names no eos_token");
            return Read(folder, new(TokenName(config, "bos_token") ?? eos, eos, TokenName(config, "pad_token") ?? eos));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Broken(folder, $"{ConfigFile} is no JSON object with token names", e);
        }
    }

    /// <summary>Reads vocabulary and merges where no file says which tokens are special.</summary>
    internal static BpeFiles Read(string folder, SpecialTokens special)
    {
        var ids = Vocabulary(folder);
        List<string> merges = [.. Lines(folder)];
        foreach (var name in new[] { special.Bos, special.Eos, special.Pad })
            if (!ids.ContainsKey(name))
                throw Broken(folder, $"the special token '{name}' is not in {ByteLevelBpeTokenizer.VocabularyFile}");
        foreach (var character in ByteAlphabet.All)
            if (!ids.ContainsKey(character.ToString()))
                throw Broken(folder, $"{ByteLevelBpeTokenizer.VocabularyFile} lacks '{character}', which stands for a byte");
        foreach (var merge in merges)
            if (merge.Split(' ') is not [{ Length: > 0 } left, { Length: > 0 } right]
                || !ids.ContainsKey(left) || !ids.ContainsKey(right) || !ids.ContainsKey(left + right))
                throw Broken(
                    folder, $"the merge '{merge}' of {MergesFile} is not two pieces of {ByteLevelBpeTokenizer.VocabularyFile} that give a third");
        return new(ids, merges, special);
    }

    internal void Write(string folder)
    {
        var vocabulary = new JsonObject(Ids.OrderBy(p => p.Value).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
        var config = new JsonObject
        {
            ["tokenizer_class"] = "GPT2Tokenizer",
            ["bos_token"] = Special.Bos,
            ["eos_token"] = Special.Eos,
            ["pad_token"] = Special.Pad,
            ["unk_token"] = Special.Eos, // never needed, but transformers insists on one
            ["add_prefix_space"] = false,
        };
        File.WriteAllText(Path.Combine(folder, ByteLevelBpeTokenizer.VocabularyFile), vocabulary.ToJsonString(Readable) + "\n");
        File.WriteAllText(Path.Combine(folder, MergesFile), string.Concat(Merges.Select(m => m + "\n").Prepend("#version: 0.2\n")));
        File.WriteAllText(Path.Combine(folder, ConfigFile), config.ToJsonString(Readable) + "\n");
    }

    static Dictionary<string, int> Vocabulary(string folder)
    {
        try
        {
            var ids = JsonSerializer.Deserialize<Dictionary<string, int>>(Bytes(folder, ByteLevelBpeTokenizer.VocabularyFile)) ?? [];
            return ids.Values.Order().SequenceEqual(Enumerable.Range(0, ids.Count))
                ? ids
                : throw Broken(folder, $"the {ids.Count} ids of {ByteLevelBpeTokenizer.VocabularyFile} are not 0 to {ids.Count - 1}");
        }
        catch (JsonException e)
        {
            throw Broken(folder, $"{ByteLevelBpeTokenizer.VocabularyFile} is no JSON object of pieces and ids", e);
        }
    }

    static IEnumerable<string> Lines(string folder)
    {
        using var reader = new StreamReader(new MemoryStream(Bytes(folder, MergesFile)));
        for (var first = true; reader.ReadLine() is { } line; first = false)
            if (line.Length > 0 && !(first && line.StartsWith("#version", StringComparison.Ordinal)))
                yield return line;
    }

    /// <summary>A token name, which the Hub writes as a string or as an object with its content.</summary>
    static string? TokenName(JsonObject config, string key) => config[key] switch
    {
        JsonObject token => token["content"]?.GetValue<string>(),
        { } name => name.GetValue<string>(),
        null => null,
    };

    static byte[] Bytes(string folder, string file)
    {
        var path = Path.Combine(folder, file);
        return File.Exists(path) ? File.ReadAllBytes(path) : throw Broken(folder, $"{file} is missing");
    }

    static InvalidDataException Broken(string folder, string sentence, Exception? inner = null) =>
        new($"The tokenizer in '{folder}' is not usable: {sentence}.", inner);
}
