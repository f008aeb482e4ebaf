namespace Rlhf.Learning.Optimization;

/// <summary>Learning rates by update (0-based): both end at zero.</summary>
public static class LearningRates
{
    /// <summary>Rises linearly over the warm-up, then falls to zero along half a cosine.</summary>
    public static double WarmupCosine(double peak, int update, int warmup, int updates) =>
        update < warmup
            ? peak * (update + 1) / (warmup + 1)
            : peak * 0.5 * (1 + Math.Cos(Math.PI * (update - warmup) / Math.Max(1, updates - warmup)));

    /// <summary>peak·(1 − update/updates).</summary>
    public static double Linear(double peak, int update, int updates) => peak * (1 - (double)update / updates);
}
