using Rlhf.Learning.Models;
using Rlhf.Learning.Native;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Ppo;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Evaluation;

/// <summary>A text whose likelihood is asked for.</summary>
/// <param name="Id">Names it in errors.</param>
/// <param name="Tokens">At least one.</param>
/// <param name="Given">How many of them, at least 1, are given; the likelihood is that of the others.</param>
public sealed record GivenText(string Id, int[] Tokens, int Given)
{
    /// <summary>Tokens whose likelihood counts.</summary>
    public int Counted => Math.Max(0, Tokens.Length - Given);
}

/// <summary>How likely a language model finds texts.</summary>
public static class TextLikelihood
{
    /// <summary>
    /// Of each text the log-probability of its tokens behind the given ones, in nats (0 where there are none), in the order of asking; logits are divided
    /// by the temperature. All are computed together, so memory grows with their number and the longest.
    /// </summary>
    /// <exception cref="ArgumentException">A text is longer than the model's context.</exception>
    /// <exception cref="NonFiniteException">A log-probability is not finite; names the text.</exception>
    public static double[] Logprobs(DecoderModel model, IReadOnlyList<GivenText> texts, int padId, double temperature = 1)
    {
        var sums = new double[texts.Count];
        var rows = Enumerable.Range(0, texts.Count).Where(i => texts[i].Counted > 0).ToList();
        if (rows.Count == 0) return sums;
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var batch = new CompletionBatch([.. rows.Select(i => texts[i].Tokens)], [.. rows.Select(i => texts[i].Given)], padId, model.Device);
        var (logprobs, _) = PolicyWithValue.Logprobs(model, PolicyWithValue.Hidden(model, batch), batch, temperature, withEntropy: false);
        // A masked entry may be anything, so it is replaced and not multiplied by 0.
        var values = logprobs.to(ScalarType.Float64).masked_fill(batch.Mask.logical_not(), Scalars.Number(0.0)).sum(1).cpu().data<double>().ToArray();
        foreach (var (value, i) in values.Zip(rows))
            sums[i] = double.IsFinite(value) ? value : throw new TrainingBatch(null, [texts[i].Id], [texts[i].Tokens]).NotFinite("log-probability", value);
        return sums;
    }
}
