namespace Rlhf.Server.Access;

/// <summary>Why a proof that was brought is none, in one sentence.</summary>
sealed record Refusal(int Status, string Sentence);
