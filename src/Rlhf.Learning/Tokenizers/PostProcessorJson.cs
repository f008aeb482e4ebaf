using System.Text.Json;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Reads from a <c>tokenizer.json</c> what is put before a text; what is put after it is the caller's business.</summary>
static class PostProcessorJson
{
    internal static int? First(JsonElement? processor)
    {
        int? first = null;
        foreach (var part in TokenizerJson.Sequence(processor, "processors"))
            first = part.Type() switch
            {
                "ByteLevel" => first,
                "TemplateProcessing" => FirstOf(part),
                var type => throw TokenizerJson.Unsupported("a post-processor of type", $"'{type}'", "ByteLevel, TemplateProcessing and Sequence are"),
            };
        return first;
    }

    static int? FirstOf(JsonElement template)
    {
        List<string> before = [.. template.GetProperty("single").EnumerateArray().TakeWhile(piece => piece.Member("Sequence") is null)
            .Select(piece => piece.GetProperty("SpecialToken").GetProperty("id").GetString()!)];
        if (before.Count == 0)
            return null;
        List<int> ids = [.. before.SelectMany(name =>
            template.GetProperty("special_tokens").GetProperty(name).GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()))];
        return ids is [var id]
            ? id
            : throw TokenizerJson.Unsupported("a template that puts", $"{ids.Count} tokens before a text", "one is");
    }
}
