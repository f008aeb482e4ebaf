using Rlhf.Learning.Randomness;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rlhf.Learning.Models;

/// <summary>A Llama-architecture decoder (Touvron et al. 2023): RMSNorm, rotary positions, grouped-query attention, SwiGLU.</summary>
/// <remarks>
/// Left out: biases, dropout, rotary scaling, attention masks (rows are padded on the right, where causality needs none).
/// </remarks>
public sealed class LlamaModel : IDisposable
{
    readonly RotaryTables _rotary;
    readonly LlamaLayer[] _layers;

    /// <summary>A model over parameters of <see cref="LlamaConfig.ParameterShapes"/>; it owns them from now on.</summary>
    public LlamaModel(LlamaConfig config, ParameterSet parameters)
    {
        (Config, Parameters) = (config.Validate(), parameters);
        _rotary = new(config, parameters.Device);
        _layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => new LlamaLayer(config, parameters, i, _rotary))];
    }

    /// <summary>The model's shape.</summary>
    public LlamaConfig Config { get; }

    /// <summary>The model's weights.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The device that the weights live on.</summary>
    public Device Device => Parameters.Device;

    /// <summary>
    /// A new trainable model: weights from N(0, 0.02), those that write to the residual stream divided by sqrt(2 * layers), norms 1.
    /// </summary>
    public static LlamaModel Initialize(LlamaConfig config, ulong seed, Device device)
    {
        var parameters = new ParameterSet(config.Validate().ParameterShapes(), device);
        foreach (var (index, (name, shape)) in parameters.Shapes.Index())
        {
            using var scope = NewDisposeScope();
            var residual = name.EndsWith("o_proj.weight", StringComparison.Ordinal)
                || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            var deviation = residual ? 0.02 / Math.Sqrt(2.0 * config.NumHiddenLayers) : 0.02;
            parameters.Set(name, shape.Length == 1 ? ones(shape) : Normal(seed, (ulong)index, shape, deviation));
        }
        return new(config, parameters);
    }

    /// <summary>A copy with its own weights; frozen unless <paramref name="requiresGrad"/>.</summary>
    public LlamaModel Clone(bool requiresGrad = false) => new(Config, Parameters.Clone(requiresGrad));

    /// <summary>
    /// Token ids [batch, time], int64, to the stream after the final norm, [batch, time, hidden]; each position sees itself and what is
    /// before it.
    /// </summary>
    /// <exception cref="ArgumentException">More positions than <see cref="LlamaConfig.MaxPositionEmbeddings"/>.</exception>
    public Tensor Hidden(Tensor tokens)
    {
        var (batch, time) = (tokens.shape[0], tokens.shape[1]);
        if (time > Config.MaxPositionEmbeddings)
            throw new ArgumentException(
                $"A sequence of {time} tokens does not fit into this model's context of {Config.MaxPositionEmbeddings}.");
        using var scope = NewDisposeScope();
        var cosine = _rotary.Cosine.narrow(0, 0, time).unsqueeze(1); // [time, 1, head size]
        var sine = _rotary.SignedSine.narrow(0, 0, time).unsqueeze(1);
        var x = Embed(tokens.reshape(-1)).view(batch, time, -1);
        foreach (var layer in _layers)
            x = layer.Forward(x, cosine, sine);
        return RmsNorm.Apply(x, Parameters["model.norm.weight"], Config.RmsNormEps).MoveToOuterDisposeScope();
    }

    /// <summary>[..., hidden] to logits over the vocabulary, [..., vocabulary].</summary>
    public Tensor Logits(Tensor hidden) =>
        linear(hidden, Parameters[Config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"]);

    /// <summary>An empty cache for <see cref="Step"/>; <paramref name="length"/> positions per slot, at most the model's context.</summary>
    public KeyValueCache NewCache(int slots, int length)
    {
        if (slots < 1 || length < 1 || length > Config.MaxPositionEmbeddings)
            throw new ArgumentException(
                $"A cache of {slots} slots by {length} positions was asked for, but at least 1 by 1 and at most {Config.MaxPositionEmbeddings} positions were expected.");
        return new(Config, slots, length, Device);
    }

    /// <summary>
    /// Feeds one token per slot, each at its own position, and returns [slots, hidden] after the final norm; no gradient.
    /// </summary>
    /// <remarks>
    /// Both inputs are int64 [slots]. A slot attends to its cache up to its position, so a new text simply starts again at 0.
    /// </remarks>
    public Tensor Step(Tensor tokens, Tensor positions, KeyValueCache cache)
    {
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var extent = Extent(positions, cache);
        var step = new DecodeStep(
            cache,
            cache.FirstRows.add(positions.unsqueeze(1)).view(-1),
            Mask(positions, cache, extent),
            _rotary.Cosine.index_select(0, positions).unsqueeze(1), // [slots, 1, head size]
            _rotary.SignedSine.index_select(0, positions).unsqueeze(1));
        var x = Embed(tokens);
        foreach (var layer in _layers)
            x = layer.Step(x, step);
        return RmsNorm.Apply(x, Parameters["model.norm.weight"], Config.RmsNormEps).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rotary.Dispose();
        Parameters.Dispose();
    }

    /// <summary>0 up to each slot's position, then minus infinity, [slots, 1, 1, extent].</summary>
    Tensor Mask(Tensor positions, KeyValueCache cache, long extent)
    {
        var later = cache.Ages.narrow(0, 0, extent).gt(positions.unsqueeze(1)); // [slots, extent]
        return zeros([cache.Slots, 1, 1, extent], ScalarType.Float32, Device)
            .masked_fill_(later.view(cache.Slots, 1, 1, extent), Number(double.NegativeInfinity));
    }

    /// <summary>
    /// How much of the cache any slot sees. What a slot does not see adds exact zeros, so its result does not depend on the others'
    /// lengths.
    /// </summary>
    static long Extent(Tensor positions, KeyValueCache cache) => Math.Min(cache.Length, (positions.max().Whole() / 16 + 1) * 16);

    Tensor Embed(Tensor tokens) => Parameters["model.embed_tokens.weight"].index_select(0, tokens);

    static Tensor Normal(ulong seed, ulong stream, long[] shape, double deviation)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(deviation * CounterRandom.Normal(seed, stream, 0, (uint)i));
        return tensor(values, shape);
    }
}
