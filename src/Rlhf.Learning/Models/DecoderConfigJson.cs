using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Models;

/// <summary>What a model folder's weights are for.</summary>
public enum ModelHead
{
    /// <summary>Predicts the next token (<c>…ForCausalLM</c>, <c>GPT2LMHeadModel</c>).</summary>
    Language,

    /// <summary>Gives a text one number (<c>…ForSequenceClassification</c> with one label).</summary>
    Score,
}

/// <summary>A <see cref="DecoderConfig"/> as a Hugging Face <c>config.json</c>; what this decoder would get wrong without a word is an error.</summary>
static class DecoderConfigJson
{
    /// <summary>Reads and validates.</summary>
    /// <exception cref="InvalidDataException">One sentence with the file, the key, its value and what was expected.</exception>
    internal static (DecoderConfig Config, ModelHead Head) Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidDataException($"There is no file '{path}', but a model's configuration was expected there.");
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(path))?.AsObject() ?? throw new JsonException("it is null");
            var values = new ConfigValues(json, path);
            var format = FamilyFormat.Of(values);
            format.CheckFixed(values);
            var head = Head(values, format);
            return (format.Read(values) with { HasLanguageHead = head == ModelHead.Language }, head);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"'{path}' is no usable model configuration: {e.Message.TrimEnd('.')}.", e);
        }
    }

    internal static JsonObject Write(DecoderConfig config, ModelHead head, WeightType type)
    {
        var format = FamilyFormat.Of(config.Family);
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(head == ModelHead.Language ? format.LanguageClass : format.ScoreClass),
            ["model_type"] = format.ModelType,
            ["torch_dtype"] = type switch { WeightType.Float32 => "float32", WeightType.BFloat16 => "bfloat16", _ => "float16" },
        };
        if (head == ModelHead.Score)
        {
            json["id2label"] = new JsonObject { ["0"] = "LABEL_0" };
            json["label2id"] = new JsonObject { ["LABEL_0"] = 0 };
        }
        format.Write(config, json);
        return json;
    }

    static ModelHead Head(ConfigValues values, FamilyFormat format)
    {
        var name = values.Json["architectures"] is JsonArray { Count: 1 } names ? names[0]!.GetValue<string>() : format.LanguageClass;
        if (name == format.LanguageClass) return ModelHead.Language;
        if (name != format.ScoreClass) throw values.Refused("architectures", $"{format.LanguageClass} or {format.ScoreClass}");
        var labels = values.Json["id2label"] is JsonObject map ? map.Count : values.Int("num_labels", 2);
        return labels == 1 ? ModelHead.Score : throw new InvalidDataException($"'{values.Path}' has {labels} labels, but a model that gives one number was expected.");
    }
}

/// <summary>The values of a configuration, with defaults, and errors that name file and key.</summary>
sealed record ConfigValues(JsonObject Json, string Path)
{
    internal int Int(string key, int? fallback = null) => Json[key] is { } value ? value.GetValue<int>() : fallback ?? throw new JsonException($"it has no {key}");

    internal int? OptionalInt(string key) => Json[key]?.GetValue<int>();

    internal double Double(string key, double fallback) => Json[key]?.GetValue<double>() ?? fallback;

    internal bool Bool(string key, bool fallback) => Json[key]?.GetValue<bool>() ?? fallback;

    /// <summary>The ids that end a text, which may be one or a list; at least one.</summary>
    internal IReadOnlyList<int> Ends() => Json["eos_token_id"] switch
    {
        JsonArray { Count: > 0 } list => [.. list.Select(id => id!.GetValue<int>())],
        JsonValue one => [one.GetValue<int>()],
        _ => throw new JsonException("it has no eos_token_id"),
    };

    internal IReadOnlyList<int> MoreEnds() => Ends() is { Count: > 1 } ends ? [.. ends.Skip(1)] : [];

    internal InvalidDataException Refused(string key, string expected) =>
        new($"'{Path}' asks for {key} {Json[key]?.ToJsonString() ?? "null"}, but this decoder only does {expected}.");
}
