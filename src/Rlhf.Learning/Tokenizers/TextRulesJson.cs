using System.Text.Json;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Reads normalizer, pre-tokenizer and decoder of a <c>tokenizer.json</c>.</summary>
static class TextRulesJson
{
    const char Mark = '▁';
    const int MaxPrefix = 16;

    // Pre-tokenizer and decoder must be of one kind, or a text would not come back.
    internal static (TextRules Rules, bool ByteLevel) Read(JsonElement json, bool byteFallback)
    {
        List<JsonElement> preTokenizers = [.. TokenizerJson.Sequence(json.Member("pre_tokenizer"), "pretokenizers")];
        List<JsonElement> decoders = [.. TokenizerJson.Sequence(json.Member("decoder"), "decoders")];
        List<Func<string, bool, string>> rewrites = [.. TokenizerJson.Sequence(json.Member("normalizer"), "normalizers").Select(Normalizer)];
        List<WordSplit> splits = [];
        var byteLevel = preTokenizers.Any(p => p.Type() == "ByteLevel");
        if (byteLevel == byteFallback)
            throw TokenizerJson.Unsupported(
                "byte_fallback", $"{(byteFallback ? "true with" : "false without")} a ByteLevel pre-tokenizer", "one of the two is");
        foreach (var (index, preTokenizer) in preTokenizers.Index())
            if (!byteLevel)
                Metaspace(preTokenizer, preTokenizers.Count, rewrites, splits);
            else if (index + 1 < preTokenizers.Count)
                splits.Add(Split(preTokenizer));
            else
                ByteLevel(preTokenizer, index, rewrites, splits);
        return (new(rewrites, new(splits), byteLevel ? ByteLevelDecoder(decoders) : SentencePieceDecoder(decoders)), byteLevel);
    }

    static Func<string, bool, string> Normalizer(JsonElement normalizer)
    {
        switch (normalizer.Type())
        {
            case "NFC":
                return (text, _) => CanonicalComposition.Compose(text);
            case "Prepend":
                var prefix = normalizer.GetProperty("prepend").GetString();
                if (prefix is { Length: > MaxPrefix })
                    throw TokenizerJson.Unsupported("a Prepend normalizer of", $"{prefix.Length} characters", $"{MaxPrefix} are");
                return (text, _) => text.Length == 0 ? text : prefix + text;
            case "Replace":
                var (pattern, content) = (Literal(normalizer, "a Replace normalizer"), normalizer.GetProperty("content").GetString());
                // A few that lengthen a text would make it fill the memory.
                if (content?.Length > pattern.Length)
                    throw TokenizerJson.Unsupported("a Replace normalizer from", $"'{pattern}' to '{content}'", "one to a text that is no longer is");
                return (text, _) => text.Replace(pattern, content, StringComparison.Ordinal);
            case var type:
                throw TokenizerJson.Unsupported("a normalizer of type", $"'{type}'", "NFC, Prepend, Replace and Sequence are");
        }
    }

    static WordSplit Split(JsonElement preTokenizer)
    {
        switch (preTokenizer.Type())
        {
            case "Digits":
                return new(preTokenizer.Flag("individual_digits") ? WordSplitter.EachDigit() : WordSplitter.Digits());
            case "Split":
                var pattern = preTokenizer.GetProperty("pattern");
                var regex = pattern.Member("Regex")?.GetString() is { } text
                    ? WordPattern.ToRegex(text)
                    : WordPattern.ToRegex(string.Concat(Literal(preTokenizer, "a Split pre-tokenizer").Select(c => $"\\u{(int)c:X4}")));
                var inverted = preTokenizer.Flag("invert");
                return preTokenizer.GetProperty("behavior").GetString() switch
                {
                    "Isolated" => new(regex),
                    "Removed" => new(regex, Matches: inverted, Gaps: !inverted),
                    var behavior => throw TokenizerJson.Unsupported(
                        "a Split pre-tokenizer with the behavior", $"'{behavior}'", "Isolated and Removed are"),
                };
            case var type:
                throw TokenizerJson.Unsupported(
                    "a pre-tokenizer of type", $"'{type}' with byte-level BPE", "Split, Digits and, as the last, ByteLevel are");
        }
    }

    static void ByteLevel(JsonElement preTokenizer, int index, List<Func<string, bool, string>> rewrites, List<WordSplit> splits)
    {
        if (preTokenizer.Type() != "ByteLevel")
            throw TokenizerJson.Unsupported("as its last pre-tokenizer", $"'{preTokenizer.Type()}'", "ByteLevel is");
        // The library's default is true for both.
        if (preTokenizer.Member("add_prefix_space")?.GetBoolean() ?? true)
        {
            if (index > 0)
                throw TokenizerJson.Unsupported("add_prefix_space true", "after other pre-tokenizers", "false is");
            rewrites.Add((text, _) => text.StartsWith(' ') ? text : " " + text);
        }
        if (preTokenizer.Member("use_regex")?.GetBoolean() ?? true)
            splits.Add(new(WordSplitter.Gpt2Words()));
    }

    static void Metaspace(JsonElement preTokenizer, int count, List<Func<string, bool, string>> rewrites, List<WordSplit> splits)
    {
        if (preTokenizer.Type() is var type && (type != "Metaspace" || count > 1))
            throw TokenizerJson.Unsupported("a pre-tokenizer of type", $"'{type}' with byte_fallback", "Metaspace alone or none is");
        if (preTokenizer.GetProperty("replacement").GetString() is var mark && mark != Mark.ToString())
            throw TokenizerJson.Unsupported("a Metaspace replacement of", $"'{mark}'", $"'{Mark}' is");
        var scheme = preTokenizer.Member("prepend_scheme")?.GetString()
            ?? (preTokenizer.Member("add_prefix_space")?.GetBoolean() ?? true ? "always" : "never");
        if (scheme is not ("first" or "always" or "never"))
            throw TokenizerJson.Unsupported("a Metaspace prepend_scheme of", $"'{scheme}'", "first, always and never are");
        rewrites.Add((text, _) => text.Replace(' ', Mark));
        rewrites.Add((text, first) => text.StartsWith(Mark) || scheme == "never" || (scheme == "first" && !first) ? text : Mark + text);
        if (preTokenizer.Member("split")?.GetBoolean() ?? true)
            splits.Add(new(WordSplitter.MarkedWords()));
    }

    static bool ByteLevelDecoder(List<JsonElement> decoders) => decoders is [var only] && only.Type() == "ByteLevel"
        ? false
        : throw TokenizerJson.Unsupported("decoders of types", $"[{Types(decoders)}] with byte-level BPE", "[ByteLevel] is");

    /// <summary>Whether the decoders drop a first space.</summary>
    static bool SentencePieceDecoder(List<JsonElement> decoders)
    {
        if (Types(decoders) is not ("Replace, ByteFallback, Fuse" or "Replace, ByteFallback, Fuse, Strip"))
            throw TokenizerJson.Unsupported(
                "decoders of types", $"[{Types(decoders)}] with byte_fallback",
                "[Replace, ByteFallback, Fuse] and [Replace, ByteFallback, Fuse, Strip] are");
        if (Literal(decoders[0], "a Replace decoder") is var pattern && decoders[0].GetProperty("content").GetString() is var content
            && (pattern, content) != (Mark.ToString(), " "))
            throw TokenizerJson.Unsupported("a Replace decoder from", $"'{pattern}' to '{content}'", $"'{Mark}' to ' ' is");
        if (decoders.Count < 4)
            return false;
        var strip = decoders[3];
        var (stripped, start, stop) = (strip.GetProperty("content").GetString(), strip.GetProperty("start").GetInt32(), strip.GetProperty("stop").GetInt32());
        return (stripped, start, stop) == (" ", 1, 0)
            ? true
            : throw TokenizerJson.Unsupported("a Strip decoder of", $"'{stripped}', start {start}, stop {stop}", "' ', start 1, stop 0 is");
    }

    static string Literal(JsonElement part, string name)
    {
        var pattern = part.GetProperty("pattern");
        return pattern.Member("String")?.GetString() is { Length: > 0 } text
            ? text
            : throw TokenizerJson.Unsupported($"{name} with the pattern", $"'{pattern.GetRawText()}'", "a String of at least one character is");
    }

    static string Types(List<JsonElement> parts) => string.Join(", ", parts.Select(p => p.Type()));
}
