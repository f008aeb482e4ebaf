using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Tokenizers;

/// <summary>What stands beside a vocabulary: names of special tokens, added tokens, the chat template.</summary>
sealed class TokenizerConfig
{
    static readonly string[] Names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    static readonly string[] ModelConfigs = ["generation_config.json", "config.json"];

    readonly TokenizerFiles _files;
    readonly JsonObject _json;
    readonly List<string> _additional = [];

    TokenizerConfig(TokenizerFiles files)
    {
        _files = files;
        _json = files.ReadObject(TokenizerFiles.Config);
        Take(_json);
        Take(files.ReadObject(TokenizerFiles.SpecialTokensMap));
        (Class, AddsBos) = ((string?)_json["tokenizer_class"], (bool?)_json["add_bos_token"]);
        PutsSpaceFirst = (bool?)_json["add_prefix_space"] ?? false;
        Template = files.Read(TokenizerFiles.Template) is { } file ? Encoding.UTF8.GetString(file) : Default(_json["chat_template"]);
        foreach (var (id, token) in _json["added_tokens_decoder"]?.AsObject() ?? [])
            Added.Add(AddedTokenJson.Read(token!.Deserialize<JsonElement>(), int.Parse(id, System.Globalization.CultureInfo.InvariantCulture)));
    }

    internal string? Class { get; }

    internal bool? AddsBos { get; }

    internal bool PutsSpaceFirst { get; }

    internal string? Template { get; }

    internal List<AddedToken> Added { get; } = [];

    internal Dictionary<string, string> Texts { get; } = [];

    /// <summary>Texts of all special tokens that are named.</summary>
    internal IEnumerable<string> Special => Texts.Values.Concat(_additional);

    internal static TokenizerConfig Read(TokenizerFiles files) =>
        TokenizerFiles.Parse($"{TokenizerFiles.Config} is no JSON object with token names", () => new TokenizerConfig(files));

    /// <summary>
    /// Where no eos_token is named, takes the tokens from the model's configuration, which knows their ids, and names them in the
    /// tokenizer's for the next reader.
    /// </summary>
    /// <param name="ids">Every piece and every added token with its id.</param>
    /// <param name="tokenizerClass">Class for a configuration that does not name one.</param>
    internal void Complete(IEnumerable<KeyValuePair<string, int>> ids, string tokenizerClass)
    {
        if (Texts.ContainsKey("eos_token"))
            return;
        var given = TokenizerFiles.Parse($"{string.Join(" or ", ModelConfigs)} is no JSON object with token ids", FromModel)
            ?? throw new InvalidDataException(
                $"{TokenizerFiles.Config} names no eos_token, and neither {string.Join(" nor ", ModelConfigs)} gives an eos_token_id");
        foreach (var (name, id) in given)
            if (!Texts.ContainsKey(name))
                _json[name] = Texts[name] = ids.FirstOrDefault(p => p.Value == id).Key
                    ?? throw new InvalidDataException($"the model's {name}_id is {id}, which no token has");
        _json["tokenizer_class"] ??= tokenizerClass;
        _files.Put(TokenizerFiles.Config, _json);
    }

    /// <summary>Names and ids in the first of the model's files that knows an eos_token_id, or null.</summary>
    Dictionary<string, int>? FromModel() => ModelConfigs.Select(file => _files.Beside.ReadObject(file))
        .Where(json => json["eos_token_id"] is not null)
        .Select(json => Names.Where(name => json[$"{name}_id"] is not null).ToDictionary(name => name, name => Id(json[$"{name}_id"]!)))
        .FirstOrDefault();

    void Take(JsonObject json)
    {
        foreach (var name in Names)
            if (json[name] is { } token)
                Texts.TryAdd(name, Text(token));
        if (json["additional_special_tokens"] is JsonArray more)
            _additional.AddRange(more.Select(t => Text(t!)));
    }

    /// <summary>A token's text, which the Hub writes as a string or as an object with its content.</summary>
    static string Text(JsonNode token) =>
        (string?)(token is JsonObject ? token["content"] : token) ?? throw new FormatException("A token has no text.");

    static string? Default(JsonNode? template) => template is JsonArray named
        ? (string?)named.FirstOrDefault(t => (string?)t?["name"] == "default")?["template"]
        : (string?)template;

    // Some models end a text by any of several; the first is the one that they were trained with.
    static int Id(JsonNode id) => (int)(id is JsonArray several ? several[0] : id)!;
}
