namespace Rlhf.Learning.Chat;

/// <summary>The ids of a dialogue that ends with a completion.</summary>
/// <param name="Ids">The whole dialogue.</param>
/// <param name="PromptLength">How many ids stand before the completion, from 0 to the number of ids.</param>
public sealed record EncodedDialogue(int[] Ids, int PromptLength);
