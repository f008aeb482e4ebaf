using System.Diagnostics;
using Rlhf.Learning.Models;
using Rlhf.Learning.Optimization;
using Rlhf.Learning.Ppo;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Planning;

/// <summary>
/// How fast this machine computes with a decoder of a shape, in seconds: measured on models of one and of a few layers with all other widths kept, and
/// continued to the real number of layers. Random weights; some seconds and a part of the real model's memory.
/// </summary>
public sealed record Pace
{
    // More rows than this make a product no faster; fewer are measured as they are, since small batches are slower by the row.
    const int Rows = 1024;

    // A difference of layers is multiplied by those that are not measured, and its error too: as many layers as fit in this many weights, two at least.
    const int Layers = 4;
    const long Weights = 100_000_000;

    const int Steps = 6, LeastTries = 3, MostTries = 15;
    static readonly TimeSpan Enough = TimeSpan.FromSeconds(1), Patience = TimeSpan.FromSeconds(3);

    /// <summary>One decoding step of all slots, drawing included.</summary>
    public required double Step { get; init; }

    /// <summary>A pass without gradients, by row (position of a sequence), without logits.</summary>
    public required double Forward { get; init; }

    /// <summary>Forward and backward pass, by row, without logits.</summary>
    public required double Train { get; init; }

    /// <summary>Logits and log-probabilities without gradients, by row.</summary>
    public required double Logits { get; init; }

    /// <summary>Logits and log-probabilities, forward and backward, by row.</summary>
    public required double TrainLogits { get; init; }

    /// <summary>One optimizer step with its clip.</summary>
    public required double Optimizer { get; init; }

    /// <summary>Measures.</summary>
    /// <param name="config">The decoder's shape.</param>
    /// <param name="adapter">The low-rank adapter that is trained in place of the weights, or null.</param>
    /// <param name="slots">Sequences decoded together.</param>
    /// <param name="sequences">Sequences trained on together; of many only so many as make 1,024 positions are measured.</param>
    /// <param name="positions">Longest sequence, at most the context.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellationToken">Looked at between two measurements.</param>
    public static Pace Measure(
        DecoderConfig config, LowRankConfig? adapter, int slots, int sequences, int positions, Device device, CancellationToken cancellationToken)
    {
        Pace Of(int layers) => Once(config with { NumHiddenLayers = layers }, adapter, slots, sequences, positions, device, cancellationToken);
        var depth = Depth(config);
        var deep = Of(depth);
        if (depth == config.NumHiddenLayers) return deep;
        var one = Of(1);
        double At(Func<Pace, double> figure) => figure(deep) + (config.NumHiddenLayers - depth) * Math.Max(0, figure(deep) - figure(one)) / (depth - 1);
        return new()
        {
            Step = At(p => p.Step),
            Forward = At(p => p.Forward),
            Train = At(p => p.Train),
            Logits = Math.Min(one.Logits, deep.Logits),
            TrainLogits = Math.Min(one.TrainLogits, deep.TrainLogits),
            Optimizer = At(p => p.Optimizer),
        };
    }

    static int Depth(DecoderConfig config)
    {
        long Of(int layers) => (config with { NumHiddenLayers = layers }).ParameterShapes().Sum(p => p.Shape.Aggregate(1L, (product, size) => product * size));
        var depth = Math.Min(config.NumHiddenLayers, Layers);
        while (depth > 2 && Of(depth) > Weights) depth--;
        return depth;
    }

    static Pace Once(
        DecoderConfig config, LowRankConfig? adapter, int slots, int sequences, int positions, Device device, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var model = Random(config, adapter, device);
        using var optimizer = new AdamW([model.Trainable], weightDecay: 0);
        var rows = Math.Clamp(sequences, 1, Math.Max(1, Rows / positions));
        var texts = Enumerable.Range(0, rows).Select(i => Text(config, i, positions)).ToList();
        var batch = new CompletionBatch(texts, [.. texts.Select(_ => 1)], 0, device);
        Tensor hidden;
        using (no_grad()) hidden = PolicyWithValue.Hidden(model, batch);
        var (count, completion) = ((double)rows * positions, (double)rows * (positions - 1));

        var step = Seconds(() => Decode(model, slots, positions, cancellationToken), cancellationToken) / Steps;
        var forward = Seconds(() => Forwarded(model, batch), cancellationToken);
        var train = Seconds(() => Backward(PolicyWithValue.Hidden(model, batch).mean()), cancellationToken);
        var logits = Seconds(() => Scored(model, hidden, batch), cancellationToken);
        var both = Seconds(() => Backward(PolicyWithValue.Logprobs(model, PolicyWithValue.Hidden(model, batch), batch, 1, withEntropy: false).Logprobs.mean()), cancellationToken);
        var update = Seconds(() => optimizer.Step(1e-9, maxGradientNorm: 1), cancellationToken);
        return new()
        {
            Step = step,
            Forward = forward / count,
            Train = train / count,
            Logits = logits / completion,
            TrainLogits = Math.Max(logits, both - train) / completion,
            Optimizer = update,
        };
    }

    /// <summary>Weights of the usual deviation, norms 1, so that no number overflows.</summary>
    static DecoderModel Random(DecoderConfig config, LowRankConfig? adapter, Device device)
    {
        using var mode = no_grad();
        var parameters = new ParameterSet(config.ParameterShapes(), device, requiresGrad: adapter is null);
        parameters.Flat.normal_(0, 0.02);
        foreach (var (name, shape) in parameters.Shapes)
            if (shape.Length == 1) parameters[name].fill_(Number(name.EndsWith(".weight", StringComparison.Ordinal) ? 1 : 0));
        return new(config, parameters, adapter is null ? null : LowRankAdapter.Initialize(adapter, config, 1, device));
    }

    static void Decode(DecoderModel model, int slots, int positions, CancellationToken cancellationToken)
    {
        // Every step draws, and attends to half of the longest sequence on average.
        using var step = new DecoderStep(model, slots, Math.Max(Steps + 1, positions / 2));
        var requests = Enumerable.Range(0, slots).Select(i => new SampleRequest([i % model.Config.VocabSize], (ulong)i)).ToList();
        _ = new Sampler(step, new() { MaxNewTokens = Steps, MinNewTokens = Steps }, 1, [model.Config.EosTokenId]).Run(requests, null, cancellationToken);
    }

    static void Forwarded(DecoderModel model, CompletionBatch batch)
    {
        using var mode = no_grad();
        _ = PolicyWithValue.Hidden(model, batch);
    }

    static void Scored(DecoderModel model, Tensor hidden, CompletionBatch batch)
    {
        using var mode = no_grad();
        _ = PolicyWithValue.Logprobs(model, hidden, batch, 1, withEntropy: false);
    }

    static void Backward(Tensor loss) => loss.backward();

    /// <summary>The median of several tries, after one that warms up: what a long step meets on the average, and not its luckiest moment.</summary>
    static double Seconds(Action action, CancellationToken cancellationToken)
    {
        var (tries, all) = (new List<double>(), Stopwatch.StartNew());
        for (var i = 0; tries.Count == 0 || (i <= LeastTries && all.Elapsed < Patience) || (i <= MostTries && all.Elapsed < Enough); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var clock = Stopwatch.StartNew();
            action();
            if (cuda_is_available()) cuda.synchronize();
            if (i > 0) tries.Add(clock.Elapsed.TotalSeconds);
        }
        return tries.Order().ElementAt(tries.Count / 2);
    }

    static int[] Text(DecoderConfig config, int number, int tokens) => [.. Enumerable.Range(0, tokens).Select(i => (number * 7919 + i * 104729) % (config.TokenCount ?? config.VocabSize))];
}
