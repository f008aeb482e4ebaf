using Rlhf.Learning.Models;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Imports;

/// <summary>A model that was written: what it is, the files, and those of the artifact that have no place in a model folder.</summary>
/// <param name="Model">What it is.</param>
/// <param name="Files">Written files, relative to the folder, in ordinal order.</param>
/// <param name="LeftOut">Files of the artifact that were left out, such as a value head, in ordinal order.</param>
public sealed record ExportedModel(ModelFacts Model, IReadOnlyList<string> Files, IReadOnlyList<string> LeftOut);

/// <summary>Writes an artifact's model as a folder that transformers reads, and what reads its folders.</summary>
public static class ModelExport
{
    // Beside the model, so that scores are what they were; see RewardModel.Save.
    const string HeadFile = "reward_head.json";

    /// <summary>
    /// Writes a policy with its model card (<c>README.md</c>), a reward model, or an ensemble (a folder <c>member-N</c> for each). With float32 nothing is lost: imported again the same
    /// model is the same artifact, unless files were left out. Computes on the CPU.
    /// </summary>
    /// <param name="artifacts">Where the artifact is.</param>
    /// <param name="artifact">A policy, a reward model, or files of a model.</param>
    /// <param name="folder">A new or empty folder; nothing stays in it where the export fails.</param>
    /// <param name="type">Type of the stored numbers.</param>
    /// <param name="largestShard">Bytes of a weights file at most, 1 or more; a tensor is never split.</param>
    /// <param name="adapterOnly">Write a policy's low-rank adapter alone, in PEFT's format; otherwise it is merged into the weights.</param>
    /// <param name="cancellationToken">Looked at between reading and writing.</param>
    /// <exception cref="ArgumentException">The folder is a file or not empty, or a shard has no byte.</exception>
    /// <exception cref="InvalidDataException">The artifact holds no model, or a number does not fit the type.</exception>
    public static async Task<ExportedModel> RunAsync(
        ArtifactStore artifacts, ArtifactRef artifact, string folder, WeightType type, long largestShard, bool adapterOnly, CancellationToken cancellationToken)
    {
        if (largestShard < 1) throw new ArgumentException($"A shard of {largestShard} bytes was asked for; expected 1 or more.");
        if (File.Exists(folder)) throw new ArgumentException($"'{folder}' is a file; expected a new or empty folder.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new ArgumentException($"'{folder}' is not empty; expected a new or empty folder.");
        var stored = (await artifacts.ManifestAsync(artifact, cancellationToken)).Files.Select(f => f.Path).ToList();
        try
        {
            var facts = await artifacts.OpenAsync(
                artifact, from => adapterOnly
                    ? WriteAdapter(artifact, from, folder)
                    : Write(artifact.Kind == "reward-model", from, folder, type, largestShard, cancellationToken), cancellationToken);
            if (artifact.Kind == "policy") await File.WriteAllTextAsync(Path.Combine(folder, HubCard.File), await HubCard.OfAsync(artifacts, artifact, cancellationToken), cancellationToken);
            var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal).ToList();
            return new(facts, files, [.. stored.Where(f => !files.Contains(f) && !IsWeights(f)).Order(StringComparer.Ordinal)]);
        }
        catch
        {
            if (Directory.Exists(folder)) Empty(folder);
            throw;
        }
    }

    static ModelFacts Write(bool isRewardModel, string from, string to, WeightType type, long largestShard, CancellationToken cancellationToken)
    {
        if (isRewardModel) return WriteRewardModel(from, to, type, largestShard, cancellationToken);
        var (model, tokenizer) = PolicyFolder.Load(from, CPU, trainable: false);
        using (model)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var merged = model.Adapter is null ? null : model.Merge();
            HuggingFaceFolder.Save(to, merged ?? model, tokenizer, type, largestShard);
            return ModelFacts.Of(model, tokenizer);
        }
    }

    static ModelFacts WriteAdapter(ArtifactRef artifact, string from, string to)
    {
        var (model, tokenizer) = PolicyFolder.Load(from, CPU, trainable: false);
        using (model)
        {
            if (model.Adapter is not { } adapter) throw new InvalidDataException($"{artifact} has no low-rank adapter; expected a policy that was trained with 'loraRank' above 0.");
            if (model.Config.Family == DecoderFamily.Gpt2)
                throw new InvalidDataException($"{artifact} is a GPT-2, whose adapter PEFT can't read, since it updates joined products there; expected a model of the Llama family, or an export without --adapter, which merges.");
            LowRankFolder.Save(to, adapter, "base");
            return ModelFacts.Of(model, tokenizer);
        }
    }

    static ModelFacts WriteRewardModel(string from, string to, WeightType type, long largestShard, CancellationToken cancellationToken)
    {
        var folders = RewardModelFolders.In(from);
        var members = RewardModelFolders.Load(folders, CPU, cancellationToken);
        try
        {
            foreach (var (source, member) in folders.Zip(members))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var target = Path.Combine(to, Path.GetRelativePath(from, source));
                HuggingFaceFolder.SaveScorer(target, member.Model, member.Tokenizer, member.Head.Weights, type, largestShard);
                var head = Path.Combine(source, HeadFile);
                if (File.Exists(head)) File.Copy(head, Path.Combine(target, HeadFile));
            }
            return ModelFacts.Of(members);
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }

    // Weights are in the written files too, be they cut into other shards there or of llama2.c's format here.
    static bool IsWeights(string file)
    {
        var name = Path.GetFileName(file);
        return Path.GetExtension(name) == ".bin"
            || file.StartsWith(HuggingFaceFolder.AdapterFolder + "/", StringComparison.Ordinal)
            || name.StartsWith("model", StringComparison.Ordinal)
            && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".safetensors.index.json", StringComparison.Ordinal));
    }

    static void Empty(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder)) File.Delete(file);
        foreach (var inner in Directory.EnumerateDirectories(folder)) Directory.Delete(inner, recursive: true);
    }
}
