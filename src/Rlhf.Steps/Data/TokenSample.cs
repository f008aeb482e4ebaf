namespace Rlhf.Steps.Data;

/// <summary>
/// A token of a completion with what it adds to the sequence KL: the log-probability of the policy that wrote it less the reference policy's, in nats, which is
/// below 0 where the policy likes it less than the reference does.
/// </summary>
/// <param name="Text">What it adds to the completion; empty for one at the end that adds nothing, such as the end of the sequence.</param>
/// <param name="Kl">In nats.</param>
/// <param name="Tokens">How many tokens it is: several that make one character are one here.</param>
public sealed record TokenKl(string Text, double Kl, int Tokens = 1);

/// <summary>
/// What champion and challenger wrote to a prompt of the evaluation, token by token; <c>measures</c> artifact, file <c>tokens.jsonl</c>: the first prompts in the
/// order of asking.
/// </summary>
public sealed record TokenSample(string PromptId, IReadOnlyList<Turn> Prompt, IReadOnlyList<TokenKl> Champion, IReadOnlyList<TokenKl> Challenger)
{
    public const string File = "tokens.jsonl";
}
