namespace Rlhf.Experiments.Ppo;

/// <summary>The settings of proofs 2 and 3, fixed here before they are run, on other seeds than those that they were chosen on.</summary>
static class PpoSettings
{
    /// <summary>So that the reward model errs and the way there can be seen: 200 judgements instead of 3,500, a fifth of the learning rate, held constant, and 100 updates.</summary>
    public static readonly PpoSetting First = new(
        "ppo", 200, [0.2, 0.4, 0.7, 1, 1.3, 1.6, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 15, 20, 26, 33, 42, 54, 70, 90], 500,
        ("klCoefficient", 0.0), ("learningRate", 1e-4), ("learningRateAnneal", "Constant"), ("updates", 100));

    // Even in √KL, over which the law is drawn, a quarter of a √nat apart: 0.25 to 100 nats.
    static readonly double[] Even = [.. Enumerable.Range(2, 39).Select(i => i * i / 16.0)];

    /// <summary>
    /// What the pilots left: on 3,500 judgements gold stays where it peaked, on 200 it falls off a cliff, on 400 it falls over tens of nats on three seeds of four.
    /// Longer than the pilot, since one of them had not fallen yet; the grid is even in √KL, and ends at 100 nats, as in the paper.
    /// </summary>
    public static readonly PpoSetting Second = new(
        "ppo-400", 400, Even, 500, ("klCoefficient", 0.0), ("learningRate", 2e-4), ("learningRateAnneal", "Constant"), ("updates", 100));

    /// <summary>For seeds 101 to 104, with fewer samples: what the second setting was chosen from.</summary>
    public static readonly PpoSetting[] Pilots =
    [
        new("pilot-plain", 3500, Even, 150, ("klCoefficient", 0.0)),
        new("pilot-400", 400, Even, 150, ("klCoefficient", 0.0), ("learningRate", 2e-4), ("learningRateAnneal", "Constant"), ("updates", 60)),
        new("pilot-1000", 1000, Even, 150, ("klCoefficient", 0.0), ("learningRate", 2e-4), ("learningRateAnneal", "Constant"), ("updates", 60)),
        new("pilot-3500", 3500, Even, 150, ("klCoefficient", 0.0), ("learningRate", 2e-4), ("learningRateAnneal", "Constant"), ("updates", 100)),
    ];

    /// <summary>Those that a proof is made of.</summary>
    public static readonly PpoSetting[] Committed = [First, Second];
}
