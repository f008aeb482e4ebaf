using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rlhf.Runtime.Library;

/// <summary>A workflow file that is new or has changed: its text, and the definition that it says it is.</summary>
internal sealed record ChangedFile(string Path, string DefinitionId, string Text)
{
    /// <summary>Null where it is no JSON object.</summary>
    public JsonObject? Json { get; init; }

    /// <summary>The file's time and length before it was read: what is written meanwhile is another change.</summary>
    public (DateTime Written, long Length) Stamp { get; init; }
}

/// <summary>
/// The files of workflows in some folders, of which the first is written to and hides those of the same name in the others. A file is read again where its
/// time or length has changed.
/// </summary>
internal sealed class WorkflowFolder(IReadOnlyList<string> folders)
{
    readonly Dictionary<string, (DateTime Written, long Length)> _seen = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, string> _definitions = new(StringComparer.Ordinal); // of each file

    /// <summary>Where a definition stands, or null.</summary>
    public string? FileOf(string definitionId) => _definitions.Where(d => d.Value == definitionId).Select(d => d.Key).Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>True where there is a file of that name, or one that says it is that definition.</summary>
    public bool IsTaken(string definitionId) => FileOf(definitionId) is not null || folders.Any(f => File.Exists(Path.Combine(f, definitionId + ".json")));

    /// <summary>True for a file that may be written and taken away.</summary>
    public bool IsOwn(string file) => folders.Count > 0 && Path.GetDirectoryName(file) == folders[0];

    /// <summary>Where the file of a definition is written, or null where there is no folder.</summary>
    /// <exception cref="LibraryConflictException">The file of its name is that of another definition.</exception>
    public string? TargetOf(string definitionId)
    {
        if (folders.Count == 0) return null;
        if (FileOf(definitionId) is { } file && IsOwn(file)) return file;
        var target = Path.Combine(folders[0], definitionId + ".json");
        return !File.Exists(target) ? target
            : throw new LibraryConflictException($"The file '{target}' is there and is not '{definitionId}'; it is not overwritten. Expected a file of that definition, or none.");
    }

    /// <summary>The files that were taken away since the last look.</summary>
    public IReadOnlyList<string> Gone()
    {
        var there = Files().ToHashSet(StringComparer.Ordinal);
        var gone = _definitions.Keys.Where(f => !there.Contains(f)).ToList();
        foreach (var file in gone) Forget(file);
        return gone;
    }

    /// <summary>The files that are new or changed since they were <see cref="Saw">seen</see>.</summary>
    public IEnumerable<ChangedFile> Changed()
    {
        foreach (var file in Files())
        {
            if (StampOf(file) is not { } stamp || (_seen.TryGetValue(file, out var seen) && seen == stamp)) continue;
            var changed = Read(file) with { Stamp = stamp };
            _definitions[file] = changed.DefinitionId;
            yield return changed;
        }
    }

    /// <summary>Says that a file was dealt with as it is.</summary>
    public void Saw(ChangedFile file) => _seen[file.Path] = file.Stamp;

    /// <summary>Puts a text in the place of a file, whole or not at all.</summary>
    public void Write(string file, string definitionId, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        // Not *.json, so that nobody takes the half of it for a workflow.
        var unfinished = $"{file}.{Guid.NewGuid():N}.unfinished";
        try
        {
            using (var stream = new FileStream(unfinished, FileMode.CreateNew))
            {
                stream.Write(Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }
            File.Move(unfinished, file, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
        _definitions[file] = definitionId;
        if (StampOf(file) is { } stamp) _seen[file] = stamp;
    }

    public void Delete(string file)
    {
        File.Delete(file);
        Forget(file);
    }

    void Forget(string file)
    {
        _definitions.TryRemove(file, out _);
        _seen.Remove(file);
    }

    IEnumerable<string> Files() =>
        folders.Where(Directory.Exists).SelectMany(f => Directory.GetFiles(f, "*.json")).DistinctBy(Path.GetFileName).Order(StringComparer.Ordinal);

    static ChangedFile Read(string file)
    {
        var text = File.ReadAllText(file);
        try
        {
            if (JsonNode.Parse(text) is JsonObject json)
            {
                _ = json.Count; // a member that stands twice is found now
                return new(file, json["definitionId"] is JsonValue id && id.TryGetValue<string>(out var given) ? given : Path.GetFileNameWithoutExtension(file), text) { Json = json };
            }
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // The one who looks says what is wrong with it.
        }
        return new(file, Path.GetFileNameWithoutExtension(file), text);
    }

    static (DateTime, long)? StampOf(string file) => new FileInfo(file) is { Exists: true } info ? (info.LastWriteTimeUtc, info.Length) : null;
}
