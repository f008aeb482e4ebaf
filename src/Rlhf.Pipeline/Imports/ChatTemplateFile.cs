using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Pipeline.Imports;

/// <summary>The chat template of a model folder: a file of its own, or a value of <c>tokenizer_config.json</c>.</summary>
static class ChatTemplateFile
{
    const string OwnFile = "chat_template.jinja";
    const string TokenizerFile = "tokenizer_config.json";

    /// <summary>The template, or null where the folder has none; of several the one named <c>default</c>.</summary>
    /// <exception cref="InvalidDataException">It is neither a text nor a list of named texts.</exception>
    public static string? Read(string folder)
    {
        if (File.Exists(Path.Combine(folder, OwnFile))) return File.ReadAllText(Path.Combine(folder, OwnFile));
        var path = Path.Combine(folder, TokenizerFile);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path))?["chat_template"] switch
            {
                null => null,
                JsonArray named => named.FirstOrDefault(t => t?["name"]?.GetValue<string>() == "default")?["template"]?.GetValue<string>(),
                var text => text.GetValue<string>(),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' has no usable chat_template; expected a text, or a list of objects with name and template.", e);
        }
    }

    /// <summary>Copies the template from one folder to another where that has none yet.</summary>
    public static void Carry(string from, string to)
    {
        if (Read(to) is null && Read(from) is { } template) File.WriteAllText(Path.Combine(to, OwnFile), template);
    }
}
