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
        var rows = Asked(texts);
        if (rows.Count == 0) return sums;
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var values = ByToken(model, texts, rows, padId, temperature).sum(1).cpu().data<double>().ToArray();
        foreach (var (value, i) in values.Zip(rows)) sums[i] = Finite(value, texts[i]);
        return sums;
    }

    /// <summary>The same of each token by itself: as many numbers a text as <see cref="GivenText.Counted"/> says.</summary>
    /// <inheritdoc cref="Logprobs"/>
    public static double[][] TokenLogprobs(DecoderModel model, IReadOnlyList<GivenText> texts, int padId, double temperature = 1)
    {
        var logprobs = texts.Select(_ => Array.Empty<double>()).ToArray();
        var rows = Asked(texts);
        if (rows.Count == 0) return logprobs;
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var all = ByToken(model, texts, rows, padId, temperature);
        var (values, width) = (all.cpu().data<double>().ToArray(), (int)all.shape[1]);
        foreach (var (row, i) in rows.Index()) logprobs[i] = [.. values.AsSpan(row * width, texts[i].Counted).ToArray().Select(v => Finite(v, texts[i]))];
        return logprobs;
    }

    static List<int> Asked(IReadOnlyList<GivenText> texts) => [.. Enumerable.Range(0, texts.Count).Where(i => texts[i].Counted > 0)];

    /// <summary>[row, token], 0 behind the end of each.</summary>
    static Tensor ByToken(DecoderModel model, IReadOnlyList<GivenText> texts, List<int> rows, int padId, double temperature)
    {
        var batch = new CompletionBatch([.. rows.Select(i => texts[i].Tokens)], [.. rows.Select(i => texts[i].Given)], padId, model.Device);
        var (logprobs, _) = PolicyWithValue.Logprobs(model, PolicyWithValue.Hidden(model, batch), batch, temperature, withEntropy: false);
        // A masked entry may be anything, so it is replaced and not multiplied by 0.
        return logprobs.to(ScalarType.Float64).masked_fill(batch.Mask.logical_not(), Scalars.Number(0.0));
    }

    static double Finite(double value, GivenText text) =>
        double.IsFinite(value) ? value : throw new TrainingBatch(null, [text.Id], [text.Tokens]).NotFinite("log-probability", value);
}
