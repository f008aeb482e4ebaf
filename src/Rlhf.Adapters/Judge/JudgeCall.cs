using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Labeling;

namespace Rlhf.Adapters.Judge;

/// <summary>What an answer depends on besides the question.</summary>
sealed record JudgeTerms(string Model, string ConstitutionVersion, double Temperature, int Seed, int AnswerTokens, bool Logprobs)
{
    public static JudgeTerms Of(string model, Constitution constitution, CollectJudgements.HParams hparams) => new(
        model, constitution.Version, hparams.JudgeTemperature, hparams.JudgeSeed, hparams.JudgeAnswerTokens, hparams.JudgeLogprobs);
}

/// <summary>One question to the judge: a comparison by a principle, in one order. Its key is a hash of everything the answer depends on.</summary>
sealed record JudgeCall(Question Question, Principle Principle, Side ShownFirst, IReadOnlyList<ChatMessage> Messages, string Key)
{
    /// <summary>Raised by hand when other answers than before count as usable.</summary>
    const int Form = 1;

    public static JudgeCall Of(Question question, Principle principle, Side shownFirst, JudgeTerms terms)
    {
        var messages = JudgePrompt.Of(question, principle, shownFirst);
        return new(question, principle, shownFirst, messages, CanonicalJson.Hash(new JsonObject
        {
            ["form"] = Form,
            ["terms"] = CanonicalJson.ToNode(terms),
            ["schema"] = JsonNode.Parse(JudgeAnswer.Schema.GetRawText()),
            ["messages"] = new JsonArray([.. messages.Select(m => (JsonNode)new JsonObject { ["role"] = m.Role.Value, ["text"] = m.Text })]),
        }));
    }

    /// <summary>For messages.</summary>
    public override string ToString() => $"comparison {Question.Id} by '{Principle.Id}' with side {ShownFirst} first";
}
