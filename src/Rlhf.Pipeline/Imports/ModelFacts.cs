using Rlhf.Learning.Models;
using Rlhf.Learning.Rewards;

namespace Rlhf.Pipeline.Imports;

/// <summary>What a model is.</summary>
/// <param name="Family">Its architecture.</param>
/// <param name="Parameters">Numbers in its weights, head included; of an ensemble those of all members.</param>
/// <param name="Context">Longest context in tokens; of an ensemble the shortest of its members.</param>
/// <param name="Vocabulary">Rows of the embedding.</param>
/// <param name="HasChatTemplate">Whether a chat template is stored with it.</param>
/// <param name="Members">1, or how many members an ensemble of reward models has.</param>
public sealed record ModelFacts(DecoderFamily Family, long Parameters, int Context, int Vocabulary, bool HasChatTemplate, int Members)
{
    internal static ModelFacts Of(DecoderModel model, string folder) => new(
        model.Config.Family, model.Parameters.Count, model.Config.ContextLength, model.Config.VocabSize, ChatTemplateFile.Read(folder) is not null, Members: 1);

    internal static ModelFacts Of(IReadOnlyList<RewardModel> members, string folder) => Of(members[0].Model, folder) with
    {
        Parameters = members.Sum(m => m.Model.Parameters.Count + m.Head.Weights.numel()),
        Context = members.Min(m => m.Model.Config.ContextLength),
        Members = members.Count,
    };
}
