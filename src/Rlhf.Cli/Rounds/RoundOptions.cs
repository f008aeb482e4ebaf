namespace Rlhf.Cli.Rounds;

/// <summary>What <c>rlhf round</c> was asked for.</summary>
sealed record RoundOptions(string Store, string? Preset, string? Policy, string? Prompts, string? Labeler, long Seed, bool Same, bool Json)
{
    /// <summary>Takes the backbone of a reward model although its training made it worse as a language model.</summary>
    public bool AcceptForgetting { get; init; }

    /// <summary>The artifact, or its name, that judges for the labelers reward-model and policy.</summary>
    public string? Judge { get; init; }

    /// <summary>Held-out text, a file or an artifact; null: what the reference policy writes.</summary>
    public string? Texts { get; init; }

    /// <summary>Criteria of promotion, a name or a file; null for the environment's.</summary>
    public string? Gate { get; init; }

    /// <summary>Probes the reward model by best-of-n before PPO.</summary>
    public bool Probe { get; init; }
}
