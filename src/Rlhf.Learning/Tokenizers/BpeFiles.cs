using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Names of the special tokens of a vocabulary.</summary>
sealed record SpecialTokens(string Bos, string Eos, string Pad);

/// <summary>What GPT-2's byte-level BPE is made of, without <c>tokenizer.json</c>.</summary>
/// <param name="Ids">Every piece with its id, 0 to n - 1.</param>
/// <param name="Merges">Merges by rank, two pieces with a space between.</param>
/// <param name="Special">Pieces that stand for no text.</param>
sealed record BpeFiles(IReadOnlyDictionary<string, int> Ids, IReadOnlyList<string> Merges, SpecialTokens Special)
{
    // Their words are GPT-2's; those of other classes are written into tokenizer.json only.
    static readonly string[] Classes = ["GPT2Tokenizer", "GPT2TokenizerFast"];

    /// <summary>Reads vocabulary, merges and what the other files of the folder say about its tokens.</summary>
    internal static ByteLevelBpeTokenizer Load(string folder) => TokenizerFiles.Reading(folder, files =>
    {
        var config = TokenizerConfig.Read(files);
        if (config.Class is { } name && !Classes.Contains(name))
            throw new InvalidDataException(
                $"{TokenizerFiles.Config} has the class '{name}', but without tokenizer.json only {string.Join(" and ", Classes)} are supported");
        if (config.PutsSpaceFirst)
            throw new InvalidDataException($"{TokenizerFiles.Config} has add_prefix_space true, but without tokenizer.json only false is supported");
        var ids = ReadVocabulary(files);
        var merges = ReadMerges(files, ids);
        config.Complete(ids.Concat(config.Added.Select(t => KeyValuePair.Create(t.Text, t.Id))), Classes[0]);
        var eos = config.Texts["eos_token"];
        var (bos, pad) = (config.Texts.GetValueOrDefault("bos_token", eos), config.Texts.GetValueOrDefault("pad_token", eos));
        var added = AddedTokenJson.Join(ids, [], config);
        int Id(string text) => added.Id(text, TokenizerFiles.Vocabulary);
        return new ByteLevelBpeTokenizer(new TokenizerParts(
            new(ids, merges), TextRules.Gpt2, added.Values,
            new(config.AddsBos == false ? null : Id(bos), Id(eos), Id(pad), config.Texts, config.Template), files));
    });

    /// <summary>Reads vocabulary and merges where no file says which tokens are special.</summary>
    internal static BpeFiles Read(string folder, SpecialTokens special) => TokenizerFiles.Reading(folder, files =>
    {
        var ids = ReadVocabulary(files);
        var merges = ReadMerges(files, ids);
        return new BpeFiles(ids, [.. merges.Select(m => $"{m.Left} {m.Right}")], special);
    });

    internal TokenizerParts ToParts()
    {
        AddedToken[] added = [.. new[] { Special.Bos, Special.Eos, Special.Pad }.Distinct().Select(text => new AddedToken(
            text, Ids.TryGetValue(text, out var id) ? id : throw new InvalidDataException($"the special token '{text}' is not in the vocabulary"),
            Special: true))];
        Dictionary<string, string> texts = new()
        {
            ["bos_token"] = Special.Bos,
            ["eos_token"] = Special.Eos,
            ["pad_token"] = Special.Pad,
            ["unk_token"] = Special.Eos, // never needed, but transformers insists on one
        };
        return new(
            new(Ids, [.. Merges.Select(m => m.Split(' ')).Select(m => (m[0], m[1]))]), TextRules.Gpt2, added,
            new(Ids[Special.Bos], Ids[Special.Eos], Ids[Special.Pad], texts, Template: null), Files(texts));
    }

    TokenizerFiles Files(Dictionary<string, string> texts)
    {
        var vocabulary = new JsonObject(Ids.OrderBy(p => p.Value).Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));
        var config = new JsonObject { ["tokenizer_class"] = Classes[0] };
        foreach (var (name, text) in texts)
            config[name] = text;
        config["add_prefix_space"] = false;
        var files = new TokenizerFiles();
        files.Put(TokenizerFiles.Vocabulary, vocabulary);
        files.Put(TokenizerFiles.Merges, Encoding.UTF8.GetBytes(string.Concat(Merges.Select(m => m + "\n").Prepend("#version: 0.2\n"))));
        files.Put(TokenizerFiles.Config, config);
        return files;
    }

    static Dictionary<string, int> ReadVocabulary(TokenizerFiles files)
    {
        try
        {
            var ids = JsonSerializer.Deserialize<Dictionary<string, int>>(Required(files, TokenizerFiles.Vocabulary)) ?? [];
            return ids.Count > 0 && ids.Values.Order().SequenceEqual(Enumerable.Range(0, ids.Count))
                ? ids
                : throw new InvalidDataException($"the {ids.Count} ids of {TokenizerFiles.Vocabulary} are not 0 to {ids.Count - 1}");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{TokenizerFiles.Vocabulary} is no JSON object of pieces and ids", e);
        }
    }

    static List<(string Left, string Right)> ReadMerges(TokenizerFiles files, Dictionary<string, int> ids)
    {
        List<(string, string)> merges = [];
        using var reader = new StreamReader(new MemoryStream(Required(files, TokenizerFiles.Merges)));
        for (var first = true; reader.ReadLine() is { } line; first = false)
            if (line.Length > 0 && !(first && line.StartsWith("#version", StringComparison.Ordinal)))
                merges.Add(Merge(line, ids, TokenizerFiles.Merges));
        return merges;
    }

    static byte[] Required(TokenizerFiles files, string name) =>
        files.Read(name) ?? throw new InvalidDataException($"{name} is missing");

    static (string Left, string Right) Merge(string line, Dictionary<string, int> ids, string file) =>
        line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
        && ids.ContainsKey(left) && ids.ContainsKey(right) && ids.ContainsKey(left + right)
            ? (left, right)
            : throw new InvalidDataException($"the merge '{line}' of {file} is not two pieces of {TokenizerFiles.Vocabulary} that give a third");
}
