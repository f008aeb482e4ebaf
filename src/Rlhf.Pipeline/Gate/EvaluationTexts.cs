using Rlhf.Learning.Evaluation;
using Rlhf.Learning.Tokenizers;
using Rlhf.Pipeline.Models;
using Rlhf.Pipeline.Prompts;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Gate;

/// <summary>A prompt of an evaluation with what champion and challenger wrote to it.</summary>
sealed record AnsweredPrompt(Prompt Prompt, Completion Champion, Completion Challenger)
{
    /// <summary>Those comparisons that are about the two policies, one a prompt; others, for ratings, are left out.</summary>
    public static IEnumerable<AnsweredPrompt> Of(IEnumerable<Comparison> comparisons, MeasureChallenger.Inputs inputs) => (
        from comparison in comparisons
            // By the sample, as the gate does: in a test of a policy against itself both sides have the same source.
        let sides = comparison.A.Sample == 1 ? (Champion: comparison.B, Challenger: comparison.A) : (Champion: comparison.A, Challenger: comparison.B)
        where sides.Champion.Source == inputs.Champion && sides.Challenger.Source == inputs.Challenger
        select new AnsweredPrompt(new(comparison.PromptId, comparison.Prompt, HeldOut: true, "evaluation"), sides.Champion, sides.Challenger)
        ).DistinctBy(a => a.Prompt.Id);
}

/// <summary>Completions as the policies' tokens.</summary>
sealed class EvaluationTexts(LoadedPolicy policy)
{
    public ITokenizer Tokenizer => policy.Tokenizer;

    /// <summary>
    /// The prompt, given, and the completion behind it, to the token that ended it; one that was cut has none. Encoded from its text, which need not give the
    /// tokens that were drawn.
    /// </summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="completion">The completion.</param>
    /// <param name="writer">Who wrote it, for errors.</param>
    public GivenText Encode(Prompt prompt, Completion completion, string writer)
    {
        var context = policy.Model.Config.ContextLength;
        var asked = PromptText.Encode(prompt, policy.Format, context);
        var (ids, _) = policy.Format.Dialogue(prompt.Turns.Chat(), completion.Text);
        // The first letters of a completion may merge with the prompt's end; then that token is the completion's.
        var given = Math.Max(1, asked.AsSpan().CommonPrefixLength(ids));
        var end = Array.FindIndex(ids, Math.Min(given, ids.Length), id => policy.Model.Config.Ends.Contains(id));
        var length = end < 0 ? ids.Length : completion.Finished ? end + 1 : end;
        return new($"{writer} on prompt {prompt.Id}", ids[..Math.Min(length, context)], given);
    }
}
