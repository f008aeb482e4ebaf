using Rlhf.Learning.Models;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Rewards;
using Rlhf.Steps.Artifacts;
using static TorchSharp.torch;

namespace Rlhf.Pipeline.Imports;

/// <summary>A model that was stored: the artifact, what it is, and what its weights were before.</summary>
public sealed record ImportedModel(ArtifactRef Artifact, ModelFacts Model, ModelSource Source);

/// <summary>
/// Makes a model folder an artifact: read and checked completely, then written as this product writes models, so that equal models are one artifact.
/// </summary>
public static class ModelImport
{
    /// <summary>
    /// Stores a policy (kind <c>policy</c>), or a reward model or an ensemble of them (kind <c>reward-model</c>). Weights become float32, which holds
    /// every float16 and bfloat16 number exactly. Computes on the CPU.
    /// </summary>
    /// <param name="artifacts">Where it is stored.</param>
    /// <param name="folder">A Hugging Face folder, llama2.c's files, or folders <c>member-N</c> with reward models.</param>
    /// <param name="adapter">A folder with a low-rank adapter in PEFT's format for a policy of the Llama family, or null.</param>
    /// <param name="cancellationToken">Looked at between reading, writing and storing.</param>
    /// <exception cref="ArgumentException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">A file is missing or damaged, or asks for what is not done here; nothing has been stored.</exception>
    public static async Task<ImportedModel> RunAsync(ArtifactStore artifacts, string folder, string? adapter, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder)) throw new ArgumentException($"There is no folder '{folder}'; expected one with a model.");
        var folders = RewardModelFolders.In(folder);
        if (folders is [var only] && LoadPolicy(only) is { } policy) return await StoreAsync(artifacts, only, policy, adapter, cancellationToken);
        return adapter is null
            ? await RewardModelAsync(artifacts, folder, folders, cancellationToken)
            : throw new ArgumentException($"'{folder}' holds a reward model; expected a policy for the adapter '{adapter}'.");
    }

    static LoadedPolicy WithAdapter(LoadedPolicy policy, string folder)
    {
        if (policy.Model.Config.Family == DecoderFamily.Gpt2)
            throw new InvalidDataException($"'{folder}': PEFT's adapters of GPT-2 update its joined products, which are three here; expected a model of the Llama family, or GPT-2 with its adapter merged.");
        if (policy.Model.Adapter is not null) throw new ArgumentException($"The model has an adapter already; expected one without for the adapter '{folder}'.");
        return policy.With(LowRankFolder.Load(folder, policy.Model.Config, CPU, trainable: false));
    }

    /// <summary>Null where the folder holds a reward model, which only the loader of configurations can tell.</summary>
    static LoadedPolicy? LoadPolicy(string folder)
    {
        if (!File.Exists(Path.Combine(folder, HuggingFaceFolder.ConfigFile)))
        {
            var (small, itsTokenizer) = PolicyFolder.Load(folder, CPU, trainable: false);
            return new(small, itsTokenizer);
        }
        var (model, tokenizer, score) = HuggingFaceFolder.LoadAny(folder, CPU, trainable: false);
        if (score is null) return new(model, tokenizer);
        score.Dispose();
        model.Dispose();
        return null;
    }

    static async Task<ImportedModel> StoreAsync(ArtifactStore artifacts, string folder, LoadedPolicy loaded, string? adapter, CancellationToken cancellationToken)
    {
        using var policy = adapter is null ? loaded : WithAdapter(loaded, adapter);
        cancellationToken.ThrowIfCancellationRequested();
        var artifact = await artifacts.PutAsync("policy", to => HuggingFaceFolder.Save(to, policy.Model, policy.Tokenizer), cancellationToken);
        return new(artifact, ModelFacts.Of(policy.Model, policy.Tokenizer), ModelSource.Of([folder]));
    }

    static async Task<ImportedModel> RewardModelAsync(
        ArtifactStore artifacts, string folder, IReadOnlyList<string> folders, CancellationToken cancellationToken)
    {
        var members = RewardModelFolders.Load(folders, CPU, cancellationToken);
        try
        {
            var artifact = await artifacts.PutAsync("reward-model", to =>
            {
                foreach (var (from, member) in folders.Zip(members))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var target = Path.Combine(to, Path.GetRelativePath(folder, from));
                    member.Save(target);
                }
            }, cancellationToken);
            return new(artifact, ModelFacts.Of(members), ModelSource.Of(folders));
        }
        finally
        {
            foreach (var member in members) member.Dispose();
        }
    }
}
