using System.Text;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Writes llama2.c's tokenizer in the Hub's form: scores become ranks of merges, one for each way to make a piece of two.
/// </summary>
static class Llama2cToHuggingFace
{
    const string Unknown = "<unk>", Begin = "<s>", End = "</s>";

    static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <param name="pieces">Pieces by id: three special ones, 256 bytes, then texts.</param>
    /// <param name="firstText">Id of the first text.</param>
    internal static TokenizerFiles Files(IReadOnlyList<(byte[] Bytes, float Score)> pieces, int firstText)
    {
        List<string> texts = [Unknown, Begin, End, .. Enumerable.Range(0, 256).Select(SentencePieceBpeTokenizer.ByteName)];
        texts.AddRange(pieces.Skip(firstText).Select((piece, i) => Text(piece.Bytes, firstText + i)));
        var ids = new Dictionary<string, int>();
        foreach (var (id, text) in texts.Index())
            if (!ids.TryAdd(text, id))
                throw new InvalidDataException($"The tokens {ids[text]} and {id} are both '{text}', which the Hub's form cannot tell apart.");
        var files = new TokenizerFiles();
        files.Put(TokenizerFiles.Tokenizer, Tokenizer(ids, Merges(texts, ids, pieces, firstText)));
        files.Put(TokenizerFiles.Config, new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["bos_token"] = Begin,
            ["eos_token"] = Begin, // llama2.c's models end a text by beginning the next
            ["unk_token"] = Unknown,
            ["pad_token"] = Unknown,
            ["clean_up_tokenization_spaces"] = false,
        });
        return files;
    }

    static string Text(byte[] bytes, int id)
    {
        try
        {
            return Strict.GetString(bytes).Replace(' ', '▁') is { Length: > 0 } text
                ? text
                : throw new InvalidDataException($"The token {id} is empty.");
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"The token {id} is no UTF-8, which the Hub's form cannot hold.", e);
        }
    }

    static List<string> Merges(
        List<string> texts, Dictionary<string, int> ids, IReadOnlyList<(byte[] Bytes, float Score)> pieces, int firstText)
    {
        List<string> merges = [];
        float? last = null;
        foreach (var id in Enumerable.Range(firstText, texts.Count - firstText).OrderByDescending(id => pieces[id].Score))
        {
            // Splits of one piece stand in the order that Hugging Face's own converter gives them.
            var splits = Splits(texts[id])
                .Where(s => ids.GetValueOrDefault(s.Left) >= firstText && ids.GetValueOrDefault(s.Right) >= firstText)
                .OrderBy(s => ids[s.Left]).ThenBy(s => ids[s.Right]).ToList();
            if (splits.Count == 0)
                continue;
            if (pieces[id].Score == last)
                throw new InvalidDataException($"The token {id} has the score {last} of another, which the Hub's form cannot hold.");
            last = pieces[id].Score;
            merges.AddRange(splits.Select(s => $"{s.Left} {s.Right}"));
        }
        return merges;
    }

    static IEnumerable<(string Left, string Right)> Splits(string text) =>
        Enumerable.Range(1, text.Length - 1).Where(i => !char.IsLowSurrogate(text[i])).Select(i => (text[..i], text[i..]));

    static JsonObject Tokenizer(Dictionary<string, int> ids, List<string> merges) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. new[] { Unknown, Begin, End }.Select(text => Added(text, ids[text]))]),
        ["normalizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["normalizers"] = new JsonArray(
                new JsonObject { ["type"] = "Prepend", ["prepend"] = "▁" },
                Replace(" ", "▁")),
        },
        ["pre_tokenizer"] = null,
        ["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Token(0), Sequence("A", 0)),
            ["pair"] = new JsonArray(Token(0), Sequence("A", 0), Token(1), Sequence("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                [Begin] = new JsonObject { ["id"] = Begin, ["ids"] = new JsonArray(ids[Begin]), ["tokens"] = new JsonArray(Begin) },
            },
        },
        ["decoder"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["decoders"] = new JsonArray(
                Replace("▁", " "),
                new JsonObject { ["type"] = "ByteFallback" },
                new JsonObject { ["type"] = "Fuse" },
                new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }),
        },
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = Unknown,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = true,
            ["byte_fallback"] = true,
            ["ignore_merges"] = false,
            ["vocab"] = new JsonObject(ids.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)m)]),
        },
    };

    static JsonObject Added(string text, int id) => new()
    {
        ["id"] = id,
        ["content"] = text,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    static JsonObject Replace(string from, string to) =>
        new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = from }, ["content"] = to };

    static JsonObject Token(int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = Begin, ["type_id"] = type } };

    static JsonObject Sequence(string id, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
}
