namespace Rlhf.Cli.Progress;

/// <summary>The few metrics worth a look while a step runs, with their short names.</summary>
static class KeyMetrics
{
    static readonly (string Metric, string Name, string Format)[] Shown =
    [
        ("sft/loss", "loss", "0.000"), ("reward_model/loss", "loss", "0.000"), ("reward_model/accuracy", "accuracy", "0.00"),
        ("objective/score", "score", "0.00"), ("objective/kl", "KL", "0.0"), ("completion/length", "length", "0"),
        ("ppo/policy/clipfrac", "clip", "0.00"), ("ppo/val/var_explained", "value fit", "0.00"),
    ];

    public static string Line(IReadOnlyDictionary<string, double> values) =>
        string.Join("  ", Shown.Where(s => values.ContainsKey(s.Metric)).Select(s => $"{s.Name} {values[s.Metric].ToString(s.Format)}"));
}
