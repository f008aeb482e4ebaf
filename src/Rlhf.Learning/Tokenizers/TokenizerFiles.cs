using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Learning.Tokenizers;

/// <summary>The files of one tokenizer, which are written back as they were read.</summary>
/// <param name="folder">Where they are read from, or null where they were made.</param>
sealed class TokenizerFiles(string? folder = null)
{
    internal const string Vocabulary = "vocab.json";
    internal const string Merges = "merges.txt";
    internal const string Tokenizer = "tokenizer.json";
    internal const string Config = "tokenizer_config.json";
    internal const string SpecialTokensMap = "special_tokens_map.json";
    internal const string Template = "chat_template.jinja";

    static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // the alphabet is not ASCII; the file is no HTML
    };

    internal static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    // The largest vocabularies of the Hub take a tenth.
    const long MaxSize = 256 << 20;

    readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);

    /// <summary>Files of the same folder that are not the tokenizer's own and not kept.</summary>
    internal TokenizerFiles Beside => new(folder);

    /// <summary>A file's bytes, which are kept, or null where there is none.</summary>
    internal byte[]? Read(string name)
    {
        if (folder is null || _files.ContainsKey(name))
            return _files.GetValueOrDefault(name);
        var file = new FileInfo(Path.Combine(folder, name));
        if (!file.Exists)
            return null;
        if (file.Length > MaxSize)
            throw new InvalidDataException($"{name} has {file.Length} bytes, but at most {MaxSize} were expected");
        return _files[name] = File.ReadAllBytes(file.FullName);
    }

    internal void Put(string name, byte[] bytes) => _files[name] = bytes;

    internal void Put(string name, JsonObject json) => Put(name, Encoding.UTF8.GetBytes(json.ToJsonString(Readable) + "\n"));

    internal void Write(string destination)
    {
        foreach (var (name, bytes) in _files)
            File.WriteAllBytes(Path.Combine(destination, name), bytes);
    }

    /// <summary>A file's JSON object, empty where there is none.</summary>
    internal JsonObject ReadObject(string name) =>
        Read(name) is { } bytes ? JsonNode.Parse(bytes, documentOptions: Strict)!.AsObject() : [];

    /// <summary>Reads what a folder holds; what is wrong with it is told in one sentence that names the folder.</summary>
    internal static T Reading<T>(string folder, Func<TokenizerFiles, T> read)
    {
        try
        {
            return read(new(folder));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"The tokenizer in '{folder}' is not usable: {e.Message}.", e.InnerException);
        }
    }

    /// <summary>Takes JSON apart, or says which form was expected.</summary>
    internal static T Parse<T>(string form, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or OverflowException or ArgumentException)
        {
            throw new InvalidDataException(form, e);
        }
    }
}
