namespace Rlhf.Learning.Optimization;

/// <summary>How a learning rate goes on after its warm-up: linearly to zero, along half a cosine to zero, or not at all.</summary>
public enum Anneal { Linear, Cosine, Constant }

/// <summary>Learning rates by update (0-based).</summary>
public static class LearningRates
{
    /// <summary>Rises linearly over the warm-up, then follows <paramref name="anneal"/>; the peak is the first update after the warm-up.</summary>
    public static double At(Anneal anneal, double peak, int update, int warmup, int updates) =>
        update < warmup ? peak * (update + 1) / (warmup + 1)
        : anneal switch
        {
            Anneal.Linear => Linear(peak, update - warmup, Math.Max(1, updates - warmup)),
            Anneal.Cosine => WarmupCosine(peak, update, warmup, updates),
            Anneal.Constant => peak,
            _ => throw new ArgumentOutOfRangeException(nameof(anneal), anneal, "expected Linear, Cosine or Constant"),
        };

    /// <summary>Rises linearly over the warm-up, then falls to zero along half a cosine.</summary>
    public static double WarmupCosine(double peak, int update, int warmup, int updates) =>
        update < warmup
            ? peak * (update + 1) / (warmup + 1)
            : peak * 0.5 * (1 + Math.Cos(Math.PI * (update - warmup) / Math.Max(1, updates - warmup)));

    /// <summary>peak·(1 − update/updates).</summary>
    public static double Linear(double peak, int update, int updates) => peak * (1 - (double)update / updates);
}
