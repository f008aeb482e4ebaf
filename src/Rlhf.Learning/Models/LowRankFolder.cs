using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>A low-rank adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
public static class LowRankFolder
{
    /// <summary>The file that says that a folder holds an adapter.</summary>
    public const string ConfigFile = "adapter_config.json";

    const string WeightsFile = "adapter_model.safetensors";
    const string Prefix = "base_model.model.";

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    // What an adapter may say of what is not done here, and the values that mean that it does not ask for it.
    static readonly (string Key, string[] Allowed)[] Fixed =
    [
        ("peft_type", ["\"LORA\""]), ("bias", ["\"none\""]), ("use_dora", ["false"]), ("fan_in_fan_out", ["false"]), ("rank_pattern", ["{}"]), ("alpha_pattern", ["{}"]),
        ("layers_to_transform", ["null"]), ("layers_pattern", ["null", "[]"]), ("layer_replication", ["null"]), ("modules_to_save", ["null", "[]"]), ("lora_bias", ["false"]),
        ("exclude_modules", ["null", "[]"]), ("target_parameters", ["null", "[]"]), ("trainable_token_indices", ["null"]), ("megatron_config", ["null"]),
    ];

    /// <summary>
    /// Writes an adapter; <paramref name="baseModel"/> is the name that PEFT finds the base by. That of a GPT-2 is for this program only: PEFT sees
    /// its products joined and turned.
    /// </summary>
    public static void Save(string folder, LowRankAdapter adapter, string baseModel)
    {
        Directory.CreateDirectory(folder);
        var json = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = "CAUSAL_LM",
            ["base_model_name_or_path"] = baseModel,
            ["r"] = adapter.Config.Rank,
            ["lora_alpha"] = adapter.Config.Alpha,
            ["use_rslora"] = adapter.Config.RankStabilized,
            ["target_modules"] = new JsonArray([.. adapter.Config.Targets.Select(t => (JsonNode)t)]),
            ["lora_dropout"] = 0.0,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), json.ToJsonString(Indented) + "\n");
        Safetensors.Write(Path.Combine(folder, WeightsFile), adapter.Parameters.Names.Select(name => (Prefix + name, adapter.Parameters[name])));
    }

    /// <summary>Reads the adapter of a model of this shape.</summary>
    /// <exception cref="InvalidDataException">A file is missing or damaged, asks for what is not done here, or does not fit the model.</exception>
    public static LowRankAdapter Load(string folder, DecoderConfig model, Device device, bool trainable = true)
    {
        var config = ReadConfig(Path.Combine(folder, ConfigFile)).Validate(model);
        using var file = SafetensorsFile.Open(Path.Combine(folder, WeightsFile));
        var found = file.Entries.ToDictionary(e => e.Name);
        var shapes = LowRankAdapter.Shapes(config, model).ToList();
        foreach (var (name, shape) in shapes)
            if (!found.Remove(Prefix + name, out var entry))
                throw SafetensorsHeader.Broken(file.Name, $"tensor '{Prefix + name}' is missing");
            else if (!entry.Shape.SequenceEqual(shape))
                throw SafetensorsHeader.Broken(file.Name, $"tensor '{entry.Name}' has shape [{string.Join(", ", entry.Shape)}], but [{string.Join(", ", shape)}] was expected");
        if (found.Count > 0) throw SafetensorsHeader.Broken(file.Name, $"tensor '{found.Keys.Min(StringComparer.Ordinal)}' is not one of the adapter's");
        var parameters = new ParameterSet(shapes, device, trainable);
        foreach (var entry in file.Entries) file.ReadInto(entry, parameters[entry.Name[Prefix.Length..]]);
        return new(config, parameters);
    }

    static LowRankConfig ReadConfig(string path)
    {
        if (!File.Exists(path)) throw new InvalidDataException($"There is no file '{path}', but an adapter's configuration was expected there.");
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(path))?.AsObject() ?? throw new JsonException("it is null");
            foreach (var (key, allowed) in Fixed)
                if (json.TryGetPropertyValue(key, out var value) && !allowed.Contains(value?.ToJsonString() ?? "null") && value is not null)
                    throw new InvalidDataException($"'{path}' asks for {key} {value.ToJsonString()}, but only {string.Join(" or ", allowed)} is done here.");
            if (json["target_modules"] is not JsonArray targets)
                throw new InvalidDataException(
                    $"'{path}' asks for target_modules {json["target_modules"]?.ToJsonString() ?? "null"}, but a list of {string.Join(", ", LowRankConfig.AllTargets)} was expected.");
            return new(
                json["r"]?.GetValue<int>() ?? throw new JsonException("it has no r"), json["lora_alpha"]?.GetValue<double>() ?? throw new JsonException("it has no lora_alpha"),
                [.. targets.Select(t => t!.GetValue<string>()).OrderBy(t => LowRankConfig.AllTargets.ToList().IndexOf(t)).ThenBy(t => t, StringComparer.Ordinal)],
                json["use_rslora"]?.GetValue<bool>() ?? false);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no usable adapter configuration: {e.Message.TrimEnd('.')}.", e);
        }
    }
}
