using System.Text.Json;

namespace Rlhf.Learning.Tokenizers;

/// <summary>
/// Reads <c>tokenizer.json</c>, the form of Hugging Face's tokenizers library: BPE of bytes or of SentencePiece's kind. What it does not
/// support it refuses by name, since another tokenizer than the model's would go unnoticed.
/// </summary>
static class TokenizerJson
{
    const int MaxParts = 32;
    const string Class = "PreTrainedTokenizerFast";

    /// <exception cref="InvalidDataException">A file is damaged or asks for what is not supported.</exception>
    internal static HubTokenizer Load(string folder) => TokenizerFiles.Reading(folder, Read);

    internal static HubTokenizer Read(TokenizerFiles files)
    {
        var config = TokenizerConfig.Read(files);
        var bytes = files.Read(TokenizerFiles.Tokenizer) ?? throw new InvalidDataException($"{TokenizerFiles.Tokenizer} is missing");
        return TokenizerFiles.Parse($"{TokenizerFiles.Tokenizer} is not of the form that Hugging Face's tokenizers have", () =>
        {
            using var json = JsonDocument.Parse(bytes, TokenizerFiles.Strict);
            return Read(json.RootElement, config, files);
        });
    }

    static HubTokenizer Read(JsonElement json, TokenizerConfig config, TokenizerFiles files)
    {
        var model = json.GetProperty("model");
        var (ids, merges) = BpeModelJson.Read(model);
        var own = json.Member("added_tokens")?.EnumerateArray().Select(t => AddedTokenJson.Read(t, t.GetProperty("id").GetInt32())).ToList() ?? [];
        config.Complete(ids.Concat(own.Concat(config.Added).Select(t => KeyValuePair.Create(t.Text, t.Id))), Class);
        var added = AddedTokenJson.Join(ids, own, config);
        int Id(string name) => added.Id(config.Texts[name], TokenizerFiles.Tokenizer);
        var eos = Id("eos_token");
        var bos = config.AddsBos switch
        {
            true => Id("bos_token"),
            false => (int?)null,
            null => PostProcessorJson.First(json.Member("post_processor")),
        };
        if (bos is { } first && !added.Values.Any(t => t.Id == first && t.Special))
            throw new InvalidDataException($"{TokenizerFiles.Tokenizer} begins a text with id {first}, which is no special token's");
        var roles = new TokenRoles(bos, eos, config.Texts.ContainsKey("pad_token") ? Id("pad_token") : eos, config.Texts, config.Template);
        var (rules, byteLevel) = TextRulesJson.Read(json, model.Flag("byte_fallback"));
        var parts = new TokenizerParts(new(ids, merges, model.Flag("ignore_merges")), rules, added.Values, roles, files);
        return byteLevel ? new ByteLevelBpeTokenizer(parts) : new SentencePieceBpeTokenizer(parts);
    }

    /// <summary>The type of a part of the file.</summary>
    internal static string Type(this JsonElement part) => part.GetProperty("type").GetString()!;

    /// <summary>Parts of a sequence, or the one part itself, or none.</summary>
    internal static IReadOnlyList<JsonElement> Sequence(JsonElement? part, string members) => Flat(part, members).Take(MaxParts + 1).ToList() switch
    {
        { Count: <= MaxParts } parts => parts,
        _ => throw Unsupported(members, "in plenty", $"{MaxParts} are"),
    };

    static IEnumerable<JsonElement> Flat(JsonElement? part, string members) => part switch
    {
        null => [],
        { } sequence when sequence.Type() == "Sequence" => sequence.GetProperty(members).EnumerateArray().SelectMany(p => Flat(p, members)),
        { } single => [single],
    };

    /// <summary>Says that a part of the file is none of those that are supported.</summary>
    internal static InvalidDataException Unsupported(string part, string value, string supported) =>
        new($"{TokenizerFiles.Tokenizer} has {part} {value}, but only {supported} supported");
}
