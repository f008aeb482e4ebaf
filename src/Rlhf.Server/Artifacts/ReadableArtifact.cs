using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Server.Artifacts;

/// <summary>The beginning of a file for people to read.</summary>
/// <param name="IsWhole">False where the file goes on.</param>
public sealed record FilePreview(string Path, string Text, bool IsWhole);

/// <summary>An artifact with its files, where it came from and what was made of it.</summary>
/// <param name="Makers">Records of the step that made it, the earliest first; empty for what was imported.</param>
/// <param name="Users">Records of the steps that took it, the newest first.</param>
/// <param name="Previews">Of its small texts.</param>
public sealed record ReadableArtifact(
    ArtifactRef Artifact, IReadOnlyList<ManifestFile> Files, IReadOnlyList<StepRecord> Makers, IReadOnlyList<StepRecord> Users, IReadOnlyList<FilePreview> Previews)
{
    /// <summary>Files that are shown, the longest that is read for that in bytes, and the characters of it that are shown.</summary>
    const int MostPreviews = 4, LongestPreview = 256 << 10, Shown = 6000;

    /// <summary>Steps that took it which the page names.</summary>
    const int MostUsers = 50;

    static readonly string[] Texts = [".json", ".jsonl", ".md", ".txt", ".csv", ".tsv"];

    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Bytes of all files.</summary>
    public long Size => Files.Sum(f => f.Size);

    /// <exception cref="ArtifactNotFoundException">There is no such artifact, or one of its files is gone.</exception>
    /// <exception cref="InvalidDataException">It does not match its hash.</exception>
    public static async Task<ReadableArtifact> ReadAsync(ArtifactStore artifacts, ArtifactRef artifact, IReadOnlyList<StepRecord> records, CancellationToken cancellationToken)
    {
        var manifest = await artifacts.ManifestAsync(artifact, cancellationToken);
        var previews = new List<FilePreview>();
        foreach (var file in manifest.Files.Where(f => f.Size <= LongestPreview && Texts.Contains(Path.GetExtension(f.Path))).Take(MostPreviews))
            previews.Add(Preview(file.Path, await artifacts.ReadFileAsync(artifact, file.Path, cancellationToken)));
        var users = records.Where(r => ArtifactRefs.In(r.Inputs).Concat(ArtifactRefs.In(r.Hparams)).Contains(artifact)).OrderByDescending(r => r.FinishedAt).Take(MostUsers);
        return new(artifact, manifest.Files, new Lineage(records).MakersOf(artifact), [.. users], previews);
    }

    static FilePreview Preview(string path, byte[] content)
    {
        var text = Encoding.UTF8.GetString(content);
        if (path.EndsWith(".json", StringComparison.Ordinal)) text = Indented(text);
        return text.Length <= Shown ? new(path, text, true) : new(path, text[..(char.IsHighSurrogate(text[Shown - 1]) ? Shown - 1 : Shown)], false);
    }

    static string Indented(string text)
    {
        try
        {
            return JsonNode.Parse(text)?.ToJsonString(Readable) ?? text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
