using Rlhf.Steps.Artifacts;

namespace Rlhf.Steps.Data;

/// <summary>One turn of a prompt: <c>user</c>, <c>assistant</c> or <c>system</c>, and its text.</summary>
public sealed record Turn(string Role, string Text)
{
    public static IReadOnlyList<Turn> User(string text) => [new("user", text)];
}

/// <summary>A prompt of a prompt set: id is the first 16 hexadecimal digits of the hash of its normalized turns; source says where it came from.</summary>
public sealed record Prompt(string Id, IReadOnlyList<Turn> Turns, bool HeldOut, string Source);

/// <summary>
/// A sampled text. <paramref name="Source"/> is the policy that wrote it; <paramref name="Finished"/> is false where the length limit cut it.
/// <paramref name="Tokens"/> counts its tokens, end of sequence included.
/// </summary>
public sealed record Completion(string PromptId, int Sample, string Text, bool Finished, int Tokens, ArtifactRef Source);

/// <summary>A question to a labeler with its provenance, which the labeler never sees. Purpose: training, heldOut or evaluation.</summary>
public sealed record Comparison(
    string Id, string PromptId, IReadOnlyList<Turn> Prompt, Completion A, Completion B, string Axis, string Purpose);

/// <summary>The better side, or neither.</summary>
public enum Side { A, B, Tie }

/// <summary>One labeler's answer. Strength: 0 for a tie, 1 slightly, 2 better, 3 much better. Seconds is the time the labeler took.</summary>
public sealed record Judgement(string ComparisonId, string Labeler, Side Side, int Strength, double Seconds, bool Simulated);

/// <summary>
/// What training sees. Probability is the share of judgements (ties a half) for the chosen side, 0.5 (a tie, where the sides' order says nothing)
/// to 1; margin is the mean signed strength over 3, 0 to 1; agreement is the share of judgements equal to the most frequent; the sources
/// are the policies that wrote the sides.
/// </summary>
public sealed record PreferencePair(
    string ComparisonId, string PromptId, IReadOnlyList<Turn> Prompt, string Chosen, string Rejected,
    double Margin, double Probability, double Agreement, bool HeldOut)
{
    /// <summary>What the pair counts beside others, at least 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Who wrote the chosen side; empty where it is not known.</summary>
    public string ChosenSource { get; init; } = "";

    /// <summary>Who wrote the rejected side; empty where it is not known.</summary>
    public string RejectedSource { get; init; } = "";

    /// <summary>True where neither side has the majority.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsTie => Probability <= 0.5;
}
