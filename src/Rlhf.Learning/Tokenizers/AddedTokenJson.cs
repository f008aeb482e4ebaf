using System.Text.Json;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Reads added tokens as the Hub writes them, and joins those of several files.</summary>
static class AddedTokenJson
{
    internal static AddedToken Read(JsonElement json, int id)
    {
        var text = json.GetProperty("content").GetString();
        if (string.IsNullOrEmpty(text) || id < 0)
            throw new InvalidDataException($"the added token '{text}' has id {id}, but a text and an id of at least 0 were expected");
        if (json.Flag("single_word"))
            throw new InvalidDataException($"the added token '{text}' has single_word true, but only false is supported");
        return new(text, id, json.Flag("special"), json.Flag("lstrip"), json.Flag("rstrip"), json.Flag("normalized"));
    }

    /// <summary>All added tokens: those of the vocabulary's file, as the configuration corrects them, and the named special ones.</summary>
    internal static Dictionary<string, AddedToken> Join(Dictionary<string, int> ids, IEnumerable<AddedToken> own, TokenizerConfig config)
    {
        var byText = new Dictionary<string, AddedToken>();
        var texts = ids.ToDictionary(p => p.Value, p => p.Key);
        foreach (var token in own.Concat(config.Added))
        {
            var known = byText.TryGetValue(token.Text, out var before) ? before.Id : ids.GetValueOrDefault(token.Text, token.Id);
            if (known != token.Id || texts.GetValueOrDefault(token.Id, token.Text) != token.Text)
                throw new InvalidDataException($"the added token '{token.Text}' has id {token.Id}, which does not fit the other tokens");
            byText[token.Text] = token;
            texts[token.Id] = token.Text;
        }
        foreach (var text in config.Special)
            if (byText.TryGetValue(text, out var token))
                byText[text] = token with { Special = true };
            else if (ids.TryGetValue(text, out var id))
                byText[text] = new(text, id, Special: true);
        return byText;
    }

    /// <summary>The id of a token that the configuration names.</summary>
    internal static int Id(this Dictionary<string, AddedToken> added, string text, string file) =>
        added.TryGetValue(text, out var token) ? token.Id : throw new InvalidDataException($"the special token '{text}' is not in {file}");

    /// <summary>A truth value, false where it is absent or null.</summary>
    internal static bool Flag(this JsonElement json, string name) => json.Member(name) is { } value && value.GetBoolean();

    /// <summary>A member, or null where it is absent or null.</summary>
    internal static JsonElement? Member(this JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
