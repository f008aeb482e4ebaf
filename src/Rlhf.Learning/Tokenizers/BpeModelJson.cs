using System.Text.Json;

namespace Rlhf.Learning.Tokenizers;

/// <summary>Reads the model of a <c>tokenizer.json</c>: vocabulary and merges.</summary>
static class BpeModelJson
{
    internal static (Dictionary<string, int> Ids, List<(string Left, string Right)> Merges) Read(JsonElement model)
    {
        // Files of the library's first versions name no type.
        if (model.Member("type")?.GetString() is { } type && type != "BPE")
            throw TokenizerJson.Unsupported("a model of type", $"'{type}'", "BPE is");
        foreach (var name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model.Member(name)?.GetString() is { Length: > 0 } affix)
                throw TokenizerJson.Unsupported($"the {name}", $"'{affix}'", "none is");
        if (model.Member("dropout")?.GetDouble() is { } dropout and not 0)
            throw TokenizerJson.Unsupported("a dropout of", dropout.ToString(System.Globalization.CultureInfo.InvariantCulture), "none is");
        var ids = Vocabulary(model.GetProperty("vocab"));
        return (ids, Merges(model.GetProperty("merges"), ids));
    }

    static Dictionary<string, int> Vocabulary(JsonElement vocabulary)
    {
        var ids = new Dictionary<string, int>();
        var taken = new HashSet<int>();
        foreach (var piece in vocabulary.EnumerateObject())
        {
            var id = piece.Value.GetInt32();
            if (id < 0 || !taken.Add(id))
                throw new InvalidDataException(
                    $"the piece '{piece.Name}' has id {id}, but an id of at least 0 that no other piece has was expected");
            ids[piece.Name] = id;
        }
        return ids.Count > 0 ? ids : throw new InvalidDataException($"{TokenizerFiles.Tokenizer} has an empty vocabulary");
    }

    static List<(string Left, string Right)> Merges(JsonElement merges, Dictionary<string, int> ids)
    {
        List<(string, string)> read = [];
        foreach (var merge in merges.EnumerateArray())
        {
            if (merge.ValueKind == JsonValueKind.String && merge.GetString()!.StartsWith("#version", StringComparison.Ordinal))
                continue;
            string[] sides = merge.ValueKind == JsonValueKind.Array
                ? [.. merge.EnumerateArray().Select(s => s.GetString()!)]
                : merge.GetString()!.Split(' ');
            if (sides is not [{ Length: > 0 } left, { Length: > 0 } right]
                || !ids.ContainsKey(left) || !ids.ContainsKey(right) || !ids.ContainsKey(left + right))
                throw new InvalidDataException(
                    $"the merge '{string.Join(' ', sides)}' of {TokenizerFiles.Tokenizer} is not two pieces of its vocabulary that give a third");
            read.Add((left, right));
        }
        return read;
    }
}
