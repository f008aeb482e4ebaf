namespace Rlhf.Experiments.Rounds;

/// <summary>The settings of proof 4, fixed here before they are run, on other seeds than those that they were chosen on.</summary>
static class RoundsSettings
{
    static readonly Arm
        One = new("one round", 1), Four = new("four rounds", 4),
        FromPrevious = new("four rounds, reward model from the last one", 4, FromPrevious: true), ToChampion = new("four rounds, KL to the champion", 4, ToChampion: true);

    /// <summary>As the preset has it, with its KL penalty.</summary>
    public static readonly RoundsSetting First = new("rounds", 400, 40, [One, Four, FromPrevious, ToChampion]);

    /// <summary>Where one reward model is over-optimized: the first without its KL penalty and nothing else, which is the smallest change of the pilots.</summary>
    public static readonly RoundsSetting Second = new("rounds-unpenalized", 400, 40, [One, Four], ("klCoefficient", 0.0));

    /// <summary>
    /// Where judgements are scarce: the second with a quarter of them, the other pilot of 40 updates. Run after the second had fallen short of the proof.
    /// </summary>
    public static readonly RoundsSetting Third = new("rounds-scarce", 100, 40, [One, Four], ("klCoefficient", 0.0));

    /// <summary>For seeds 101 to 104: what the second and the third setting were chosen from.</summary>
    public static readonly RoundsSetting[] Pilots =
    [
        new("pilot-rounds-400", 400, 40, [One, Four], ("klCoefficient", 0.0)),
        new("pilot-rounds-100", 100, 40, [One, Four], ("klCoefficient", 0.0)),
        new("pilot-rounds-steady", 400, 60, [One, Four], ("klCoefficient", 0.0), ("learningRate", 2e-4), ("learningRateAnneal", "Constant")),
    ];

    /// <summary>Those that a proof is made of.</summary>
    public static readonly RoundsSetting[] Committed = [First, Second, Third];
}
