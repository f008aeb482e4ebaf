using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// The weights of a model folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> lists. Opening checks every header;
/// nothing is allocated for a tensor before all of them fit what the model needs.
/// </summary>
sealed class Checkpoint : IDisposable
{
    internal const string SingleFile = "model.safetensors";
    internal const string IndexFile = "model.safetensors.index.json";

    readonly string _folder;
    readonly IReadOnlyList<SafetensorsFile> _files;
    readonly Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)> _tensors;

    Checkpoint(string folder, IReadOnlyList<SafetensorsFile> files)
    {
        (_folder, _files) = (folder, files);
        _tensors = [];
        foreach (var file in files)
            foreach (var entry in file.Entries)
                if (!_tensors.TryAdd(entry.Name, (file, entry)))
                    throw SafetensorsHeader.Broken(file.Name, $"tensor '{entry.Name}' is also in '{_tensors[entry.Name].File.Name}'");
    }

    /// <param name="folder">The model folder.</param>
    /// <param name="beside">Further files of the folder whose tensors belong to the model.</param>
    /// <exception cref="InvalidDataException">A file is missing, its header can't be trusted, or the index does not fit the shards.</exception>
    internal static Checkpoint Open(string folder, IReadOnlyList<string> beside)
    {
        if (File.Exists(Path.Combine(folder, SingleFile))) return OpenFiles(folder, [SingleFile, .. beside]);
        var index = Path.Combine(folder, IndexFile);
        if (!File.Exists(index))
            throw new InvalidDataException(Directory.EnumerateFiles(folder, "pytorch_model*.bin").Any()
                ? $"'{folder}' has its weights as pytorch_model*.bin, a format that runs code when it is read; expected {SingleFile} (transformers writes it with safe_serialization=True)."
                : $"There is no file '{SingleFile}' in '{folder}', and no '{IndexFile}' either.");
        var map = ReadIndex(index);
        var checkpoint = OpenFiles(folder, [.. map.Values.Distinct().Order(StringComparer.Ordinal), .. beside]);
        try
        {
            foreach (var (name, file) in map)
                if (!checkpoint._tensors.TryGetValue(name, out var found) || found.File.Name != file)
                    throw new InvalidDataException($"'{index}' says that tensor '{name}' is in '{file}', but it is not there.");
            if (checkpoint._tensors.Keys.FirstOrDefault(n => !map.ContainsKey(n) && !beside.Contains(checkpoint._tensors[n].File.Name)) is { } unlisted)
                throw new InvalidDataException($"'{index}' does not list tensor '{unlisted}', which is in '{checkpoint._tensors[unlisted].File.Name}'.");
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    static Checkpoint OpenFiles(string folder, IReadOnlyList<string> names)
    {
        var files = new List<SafetensorsFile>();
        try
        {
            foreach (var name in names) files.Add(SafetensorsFile.Open(Path.Combine(folder, name)));
            return new(folder, files);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var map = json.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "");
            if (map.Values.FirstOrDefault(f => f.Length == 0 || f != Path.GetFileName(f) || !f.EndsWith(".safetensors", StringComparison.Ordinal)) is { } file)
                throw new InvalidDataException($"'{path}' lists the file '{file}', but the name of a .safetensors file of the same folder was expected.");
            return map.Count > 0 ? map : throw new InvalidDataException($"'{path}' lists no tensors.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"'{path}' is no index of a sharded checkpoint: expected an object with weight_map, names of tensors to names of files.", e);
        }
    }

    /// <summary>
    /// The decoder's parameters and the tensors of <paramref name="extra"/> (of a head), which the files hold exactly; together with nothing unknown.
    /// </summary>
    /// <exception cref="InvalidDataException">A tensor is missing, unknown, or of another shape.</exception>
    internal (ParameterSet Parameters, IReadOnlyDictionary<string, Tensor> Extra) Read(
        DecoderConfig config, IReadOnlyList<(string Name, long[] Shape)> extra, Device device, bool trainable)
    {
        var found = new Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)>();
        foreach (var (name, tensor) in _tensors)
            if (!CheckpointLayout.IsComputed(config, name) && !found.TryAdd(CheckpointLayout.Normalize(config, name), tensor))
                throw new InvalidDataException($"'{_folder}' holds tensor '{name}' twice, with and without its prefix.");
        // Lazily: a configuration may ask for more layers than there is memory to list; the first missing one ends it.
        var layout = new List<(FileTensor Tensor, SafetensorsFile File, SafetensorsEntry Entry)>();
        foreach (var tensor in CheckpointLayout.Of(config)) layout.Add(Take(found, tensor.Name, tensor.Shape, tensor));
        var heads = extra.Select(e => Take(found, e.Name, e.Shape, new(e.Name, e.Shape, []))).ToList();
        var tiedCopy = config.TieWordEmbeddings && found.Remove("lm_head.weight", out var copy) ? copy : default((SafetensorsFile File, SafetensorsEntry Entry)?);
        if (found.Count > 0)
        {
            var (name, (file, _)) = found.MinBy(f => f.Key, StringComparer.Ordinal);
            throw SafetensorsHeader.Broken(file.Name, $"tensor '{name}' is not one of the model's");
        }
        var parameters = new ParameterSet(config.ParameterShapes(), device, trainable);
        try
        {
            foreach (var (tensor, file, entry) in layout) Fill(parameters, tensor, file, entry);
            if (tiedCopy is { } tied) CheckTied(parameters, tied.File, tied.Entry);
            return (parameters, heads.ToDictionary(h => h.Tensor.Name, h => h.File.Load(h.Entry, device)));
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    (FileTensor Tensor, SafetensorsFile File, SafetensorsEntry Entry) Take(
        Dictionary<string, (SafetensorsFile File, SafetensorsEntry Entry)> found, string name, long[] shape, FileTensor tensor)
    {
        if (!found.Remove(name, out var there)) throw SafetensorsHeader.Broken(_files[0].Name, $"tensor '{name}' is missing");
        return there.Entry.Shape.SequenceEqual(shape)
            ? (tensor, there.File, there.Entry)
            : throw SafetensorsHeader.Broken(
                there.File.Name, $"tensor '{name}' has shape [{string.Join(", ", there.Entry.Shape)}], but [{string.Join(", ", shape)}] was expected");
    }

    static void Fill(ParameterSet parameters, FileTensor tensor, SafetensorsFile file, SafetensorsEntry entry)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var target = tensor.Parameters.Length == 1 ? parameters[tensor.Parameters[0]] : parameters.Joined(tensor.Parameters);
        if (!tensor.Transposed)
        {
            file.ReadInto(entry, target);
            return;
        }
        var turned = empty(entry.Shape, ScalarType.Float32);
        file.ReadInto(entry, turned);
        target.copy_(turned.t());
    }

    /// <summary>Some files repeat a tied output layer. It has to be what it is tied to.</summary>
    static void CheckTied(ParameterSet parameters, SafetensorsFile file, SafetensorsEntry entry)
    {
        using var scope = NewDisposeScope();
        var embedding = parameters["model.embed_tokens.weight"];
        if (!entry.Shape.SequenceEqual(embedding.shape) || !file.Load(entry, embedding.device).eq(embedding).all().Flag())
            throw SafetensorsHeader.Broken(file.Name, "'lm_head.weight' differs from the token embedding, but the configuration says tie_word_embeddings");
    }

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }
}
