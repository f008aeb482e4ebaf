namespace Rlhf.Learning.Chat;

/// <summary>One turn of a dialogue: who speaks (system, user, assistant, …) and what.</summary>
public sealed record ChatTurn(string Role, string Text);
