using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Gates;
using Rlhf.Cli.Stores;
using Rlhf.Learning.Models;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;

namespace Rlhf.Cli.Workflows;

/// <summary>Files of the user as artifacts: from here on nothing knows where they lay.</summary>
static class Imports
{
    /// <exception cref="ArgumentException">A section is no step, or a field in it is unknown or out of range.</exception>
    public static async Task<ArtifactRef> PresetAsync(
        this Workspace workspace, string nameOrFile, CancellationToken cancellationToken, bool acceptForgetting = false)
    {
        var (_, sections) = await SectionsAsync(workspace, nameOrFile, cancellationToken);
        if (acceptForgetting)
        {
            if (sections["PreparePolicy"] is not JsonObject section) sections["PreparePolicy"] = section = [];
            section["acceptForgetting"] = true;
        }
        return await workspace.Artifacts.PutAsync("hparams", new Dictionary<string, byte[]> { ["hparams.json"] = CanonicalJson.Write(sections) }, cancellationToken);
    }

    /// <exception cref="ArgumentException">There is no such gate and no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no criteria.</exception>
    public static Task<ArtifactRef> CriteriaAsync(this Workspace workspace, string nameOrFile, CancellationToken cancellationToken) =>
        workspace.Artifacts.PutAsync("criteria", new Dictionary<string, byte[]> { [GateCriteria.File] = GateFiles.Read(WorkflowFiles.Gate(nameOrFile)).ToBytes() }, cancellationToken);

    /// <summary>A preset's file and the hparams of its steps, checked.</summary>
    /// <exception cref="ArgumentException">A section is no step, or a field in it is unknown or out of range.</exception>
    public static async Task<(string File, JsonObject Sections)> SectionsAsync(this Workspace workspace, string nameOrFile, CancellationToken cancellationToken)
    {
        var file = WorkflowFiles.Preset(nameOrFile);
        JsonObject sections;
        try
        {
            sections = JsonNode.Parse(await File.ReadAllTextAsync(file, cancellationToken), documentOptions: new() { CommentHandling = JsonCommentHandling.Skip })?.AsObject() ?? [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ArgumentException($"Preset '{file}' is no JSON object: {e.Message}", e);
        }
        sections.Remove("description");
        foreach (var (step, hparams) in sections)
            Steps.Running.RecordBinding.Bind(workspace.Runner.Describe(step).HParamsType, hparams as JsonObject ?? throw new ArgumentException($"Preset '{file}': '{step}' is no object of hparams."), $"preset '{Path.GetFileName(file)}', {step}");
        return (file, sections);
    }

    /// <summary>A model: an artifact reference, a name such as <c>base@1</c>, or a folder.</summary>
    public static async Task<ArtifactRef> ModelAsync(this Workspace workspace, string folderOrRef, CancellationToken cancellationToken) =>
        Directory.Exists(folderOrRef) ? await ModelFolderAsync(workspace, folderOrRef, cancellationToken)
        : Names.IsName(folderOrRef) ? await workspace.References.ResolveAsync(folderOrRef, cancellationToken)
        : folderOrRef.Contains('/') && !File.Exists(folderOrRef) && TryRef(folderOrRef) is { } artifact ? artifact
        : throw new ArgumentException($"'{folderOrRef}' is no folder, no name and no artifact reference; expected a model folder (Hugging Face or llama2.c).");

    /// <summary>Prompts: an artifact reference, a name such as <c>prompts@latest</c>, or a file.</summary>
    public static Task<ArtifactRef> PromptsAsync(this Workspace workspace, string fileOrRef, CancellationToken cancellationToken) => TextAsync(workspace, fileOrRef, "prompts", cancellationToken);

    /// <summary>Held-out text: as prompts.</summary>
    public static Task<ArtifactRef> HeldOutTextAsync(this Workspace workspace, string fileOrRef, CancellationToken cancellationToken) => TextAsync(workspace, fileOrRef, "held-out text", cancellationToken);

    static async Task<ArtifactRef> TextAsync(Workspace workspace, string fileOrRef, string what, CancellationToken cancellationToken)
    {
        if (!File.Exists(fileOrRef) && Names.IsName(fileOrRef)) return await workspace.References.ResolveAsync(fileOrRef, cancellationToken);
        if (!File.Exists(fileOrRef))
            return TryRef(fileOrRef) ?? throw new ArgumentException($"'{fileOrRef}' is no file, no artifact reference and no name; expected {what} (.txt, .jsonl or .json).");
        return await workspace.Artifacts.PutAsync(
            "text", new Dictionary<string, byte[]> { [Path.GetFileName(fileOrRef)] = await File.ReadAllBytesAsync(fileOrRef, cancellationToken) }, cancellationToken);
    }

    // Only the files of a model: golden data, licenses and the like beside it would change its hash.
    static async Task<ArtifactRef> ModelFolderAsync(Workspace workspace, string folder, CancellationToken cancellationToken)
    {
        if (!Directory.EnumerateFiles(folder).Any(f => IsModelFile(Path.GetFileName(f))))
            throw new ArgumentException($"'{folder}' holds no model; expected config.json with model.safetensors, or llama2.c's *.bin with tok*.bin.");
        return await workspace.Artifacts.PutFolderAsync("model", folder, cancellationToken, IsModelFile);
    }

    /// <summary>Of a path below the folder: the model's own files, and its low-rank adapter's.</summary>
    static bool IsModelFile(string path) =>
        Path.GetDirectoryName(path) is ("" or HuggingFaceFolder.AdapterFolder)
        && (Path.GetExtension(path) is ".bin" or ".safetensors" || ModelFiles.Contains(Path.GetFileName(path)));

    static readonly HashSet<string> ModelFiles =
    [
        "config.json", "generation_config.json", "model.safetensors.index.json", "adapter_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja", "chat_template.json",
    ];

    static ArtifactRef? TryRef(string text)
    {
        try
        {
            return ArtifactRef.Parse(text);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
