using Rlhf.Learning.Chat;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Models;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Rewards;

/// <summary>Reward models between artifacts and memory: one model is a plain folder, an ensemble has a folder <c>member-N</c> for each.</summary>
static class RewardModelFiles
{
    const string LanguageLossFile = "language_loss.json";

    public static Task<ArtifactRef> PutRewardModelsAsync(
        this ArtifactStore artifacts, IReadOnlyList<RewardModel> members, LanguageLoss loss, CancellationToken cancellationToken) =>
        artifacts.PutAsync("reward-model", folder =>
        {
            foreach (var (index, member) in members.Index())
                member.Save(members.Count == 1 ? folder : Path.Combine(folder, $"member-{index + 1}"));
            File.WriteAllBytes(Path.Combine(folder, LanguageLossFile), CanonicalJson.Serialize(loss));
        }, cancellationToken);

    /// <summary>The members, one where it is no ensemble.</summary>
    public static Task<IReadOnlyList<RewardModel>> LoadRewardModelsAsync(this ArtifactStore artifacts, ArtifactRef rewardModel, CancellationToken cancellationToken) =>
        rewardModel.Kind == "reward-model"
            ? artifacts.OpenAsync(rewardModel, folder => RewardModelFolders.Load(RewardModelFolders.In(folder), ModelFiles.Device, cancellationToken), cancellationToken)
            : throw new ArgumentException($"{rewardModel} is no reward model; expected reward-model/….");

    /// <summary>
    /// A reward model or ensemble as what scores the policy's completions of these prompts (by the ids of their samples); another tokenizer than the
    /// policy's, or a chat template, is bridged by text.
    /// </summary>
    public static IScorer ToScorer(
        this IReadOnlyList<RewardModel> members, LoadedPolicy policy, IReadOnlyDictionary<ulong, IReadOnlyList<ChatTurn>> prompts,
        Steps.Contracts.EnsembleScore ensemble, double coefficient, bool inTiles = false)
    {
        var scorers = members.Select(m => ReadsTokensOf(policy, m.Tokenizer, m.Format) ? (IScorer)new TokenScorer(m, inTiles) : new TextScorer(m, policy.Format, prompts, inTiles)).ToList();
        return scorers.Count == 1 ? scorers[0] : new EnsembleScorer(scorers, ToLearning(ensemble), coefficient);
    }

    /// <summary>True where the policy's own tokens can be scored as they are.</summary>
    public static bool ReadsTokensOf(LoadedPolicy policy, ITokenizer tokenizer, ChatFormat format) =>
        !format.HasTemplate && !policy.Format.HasTemplate && SameTokens(tokenizer, policy.Tokenizer);

    /// <summary>The tokenizer of each member, one where it is no ensemble; weights are not read.</summary>
    public static Task<IReadOnlyList<ITokenizer>> LoadRewardTokenizersAsync(this ArtifactStore artifacts, ArtifactRef rewardModel, CancellationToken cancellationToken) =>
        rewardModel.Kind == "reward-model"
            ? artifacts.OpenAsync<IReadOnlyList<ITokenizer>>(
                rewardModel, folder => [.. RewardModelFolders.In(folder).Select(TokenizerFolder.Load)], cancellationToken, path => !path.EndsWith(".safetensors", StringComparison.Ordinal))
            : throw new ArgumentException($"{rewardModel} is no reward model; expected reward-model/….");

    public static EnsembleScore ToLearning(Steps.Contracts.EnsembleScore score) => Enum.Parse<EnsembleScore>(score.ToString());

    /// <summary>Null where it was not measured: the reward model was not trained by this product, or by an earlier version.</summary>
    public static async Task<LanguageLoss?> ReadLanguageLossAsync(this ArtifactStore artifacts, ArtifactRef rewardModel, CancellationToken cancellationToken) =>
        (await artifacts.ManifestAsync(rewardModel, cancellationToken)).Files.Any(f => f.Path == LanguageLossFile)
            ? await artifacts.ReadJsonAsync<LanguageLoss>(rewardModel, LanguageLossFile, cancellationToken)
            : null;

    /// <summary>True where every id stands for the same text in both, special ids too.</summary>
    public static bool SameTokens(ITokenizer a, ITokenizer b)
    {
        if ((a.VocabularySize, a.BosId, a.EosId, a.PadId) != (b.VocabularySize, b.BosId, b.EosId, b.PadId) || a.GetType() != b.GetType()) return false;
        return Enumerable.Range(0, a.VocabularySize).All(id => a.Decode([id]) == b.Decode([id]));
    }
}
