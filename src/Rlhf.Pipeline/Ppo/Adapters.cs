using Rlhf.Learning.Models;
using Rlhf.Pipeline.Models;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Ppo;

/// <summary>Policies that are trained by a low-rank adapter, and the reference that they share their weights with.</summary>
static class Adapters
{
    /// <summary>The policy to train: all of it, or its adapter, which is new where it has none.</summary>
    /// <exception cref="ArgumentException">The policy has an adapter of another shape than the hparams ask for.</exception>
    public static async Task<LoadedPolicy> LoadAsync(
        ArtifactRef policy, TrainPolicy.HParams hparams, long seed, StepContext context, CancellationToken cancellationToken)
    {
        var hasAdapter = (await context.Artifacts.ManifestAsync(policy, cancellationToken)).Files.Any(f => IsAdapter(f.Path));
        var loaded = await context.Artifacts.LoadPolicyAsync(policy, trainable: hparams.LoraRank == 0 || hasAdapter, cancellationToken);
        try
        {
            if (hparams.LoraRank == 0 && loaded.Model.Adapter is null) return loaded;
            var asked = new LowRankConfig(hparams.LoraRank, hparams.LoraAlpha, Targets(hparams.LoraTargets, loaded.Model.Config));
            if (loaded.Model.Adapter is not { Config: var there })
                return loaded.With(LowRankAdapter.Initialize(asked.Validate(loaded.Model.Config), loaded.Model.Config, (ulong)Seeds.Derive(seed, "adapter"), ModelFiles.Device));
            return (there.Rank, there.Scale) == (asked.Rank, asked.Rank == 0 ? 0 : asked.Scale) && there.Targets.SequenceEqual(asked.Targets)
                ? loaded
                : throw new ArgumentException(
                    $"The policy has an adapter of rank {there.Rank}, alpha {there.Alpha} on {string.Join(",", there.Targets)}, but 'loraRank' is {hparams.LoraRank}, 'loraAlpha' {hparams.LoraAlpha}, "
                    + $"'loraTargets' {hparams.LoraTargets}; expected the same, or a policy without adapter (exported, which merges it, and imported again).");
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>The frozen reference: where the policy is its weights and an adapter, those weights, which are then held once.</summary>
    public static async Task<LoadedPolicy> ReferenceAsync(
        ArtifactRef reference, ArtifactRef policy, LoadedPolicy loaded, ArtifactStore artifacts, CancellationToken cancellationToken) =>
        loaded.Model.Adapter is not null && await ShareWeightsAsync(reference, policy, artifacts, cancellationToken)
            ? new(loaded.Model.WithoutAdapter(), loaded.Tokenizer)
            : await artifacts.LoadPolicyAsync(reference, trainable: false, cancellationToken);

    /// <summary>True where every file of the weights has the same hash in both, and the reference has no adapter.</summary>
    static async Task<bool> ShareWeightsAsync(ArtifactRef reference, ArtifactRef policy, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        var (a, b) = (await artifacts.ManifestAsync(reference, cancellationToken), await artifacts.ManifestAsync(policy, cancellationToken));
        string[] Weights(ContentManifest manifest) => [.. manifest.Files.Where(f => f.Path == HuggingFaceFolder.ConfigFile || f.Path.StartsWith("model", StringComparison.Ordinal))
            .Select(f => $"{f.Path} {f.Sha256}").Order(StringComparer.Ordinal)];
        return !a.Files.Any(f => IsAdapter(f.Path)) && Weights(a).SequenceEqual(Weights(b));
    }

    internal static IReadOnlyList<string> Targets(string names, DecoderConfig model) =>
        names == "all" ? [.. LowRankConfig.AllTargets.Where(t => model.Family != DecoderFamily.Gpt2 || t != "gate_proj")] : [.. names.Split(',', StringSplitOptions.TrimEntries)];

    static bool IsAdapter(string path) => path.StartsWith(HuggingFaceFolder.AdapterFolder + "/", StringComparison.Ordinal);
}
