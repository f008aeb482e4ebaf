using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;
using Rlhf.Learning.Tokenizers;

namespace Rlhf.Pipeline.Imports;

/// <summary>What a model is.</summary>
/// <param name="Family">Its architecture.</param>
/// <param name="Parameters">Numbers in its weights, head included; of an ensemble those of all members.</param>
/// <param name="Context">Longest context in tokens; of an ensemble the shortest of its members.</param>
/// <param name="Vocabulary">Rows of the embedding.</param>
/// <param name="HasChatTemplate">Whether its tokenizer has a chat template.</param>
/// <param name="AdapterRank">Rank of its low-rank adapter; 0 where it has none.</param>
/// <param name="Members">1, or how many members an ensemble of reward models has.</param>
public sealed record ModelFacts(DecoderFamily Family, long Parameters, int Context, int Vocabulary, bool HasChatTemplate, int AdapterRank, int Members)
{
    internal static ModelFacts Of(DecoderModel model, ITokenizer tokenizer) => new(
        model.Config.Family, model.Parameters.Count, model.Config.ContextLength, model.Config.VocabSize, tokenizer.ChatTemplate is not null,
        model.Adapter?.Config.Rank ?? 0, Members: 1);

    internal static ModelFacts Of(IReadOnlyList<RewardModel> members) => Of(members[0].Model, members[0].Tokenizer) with
    {
        Parameters = members.Sum(m => m.Model.Parameters.Count + m.Head.Weights.numel()),
        Context = members.Min(m => m.Model.Config.ContextLength),
        Members = members.Count,
    };
}
