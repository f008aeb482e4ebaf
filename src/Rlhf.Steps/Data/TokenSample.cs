namespace Rlhf.Steps.Data;

/// <summary>
/// A token of a completion with what it adds to the sequence KL: the log-probability of the policy that wrote it less the reference policy's, in nats, which is
/// below 0 where the policy likes it less than the reference does. Text: what it adds to the completion; empty for a token that gives none, such as the end of the sequence.
/// </summary>
public sealed record TokenKl(string Text, double Kl);

/// <summary>
/// What champion and challenger wrote to a prompt of the evaluation, token by token; <c>measures</c> artifact, file <c>tokens.jsonl</c>: the first prompts in the
/// order of asking.
/// </summary>
public sealed record TokenSample(string PromptId, IReadOnlyList<Turn> Prompt, IReadOnlyList<TokenKl> Champion, IReadOnlyList<TokenKl> Challenger)
{
    public const string File = "tokens.jsonl";
}
