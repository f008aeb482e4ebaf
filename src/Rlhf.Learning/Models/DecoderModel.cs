using Rlhf.Learning.Randomness;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rlhf.Learning.Models;

/// <summary>
/// A decoder-only language model of the Llama family (Touvron et al. 2023: RMSNorm, rotary positions, grouped-query attention, SwiGLU; with what
/// Mistral and Qwen changed) or GPT-2 (Radford et al. 2019).
/// </summary>
/// <remarks>Left out: dropout. Rows are padded on the right, where causality needs no mask.</remarks>
public sealed class DecoderModel : IDisposable
{
    readonly RotaryTables _rotary;
    readonly DecoderLayer[] _layers;
    // Whether gradients are for anything in a layer.
    readonly bool[] _trains;
    readonly Norm _finalNorm;
    readonly bool _owns;

    /// <summary>
    /// A model over parameters of <see cref="DecoderConfig.ParameterShapes"/>, with low-rank updates where there is an adapter; it owns both from
    /// now on.
    /// </summary>
    public DecoderModel(DecoderConfig config, ParameterSet parameters, LowRankAdapter? adapter = null)
        : this(config, parameters, adapter, owns: true)
    {
    }

    DecoderModel(DecoderConfig config, ParameterSet parameters, LowRankAdapter? adapter, bool owns)
    {
        (Config, Parameters, Adapter, _owns) = (config.Validate(), parameters, adapter, owns);
        _rotary = new(config, parameters.Device, parameters.Flat.dtype);
        _layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => new DecoderLayer(config, parameters, adapter, i, _rotary))];
        _trains = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => new[] { parameters, adapter?.Parameters }.Any(s => Trains(s, i)))];
        _finalNorm = Norm.Of(parameters, "model.norm", config);
    }

    /// <summary>The model's shape.</summary>
    public DecoderConfig Config { get; }

    /// <summary>The model's weights; frozen where there is an adapter.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Low-rank updates, or null.</summary>
    public LowRankAdapter? Adapter { get; }

    /// <summary>What training changes: the adapter's parameters where there is one, else the weights.</summary>
    public ParameterSet Trainable => Adapter?.Parameters ?? Parameters;

    /// <summary>
    /// True where a backward pass computes each layer's activations again from the layer's input instead of having them kept (Chen et al. 2016):
    /// memory for one layer's activations instead of all, for about a third more time. Logits and gradients keep their bits. Default false,
    /// also for copies. It acts on <see cref="Hidden"/> where gradients are recorded; then weights may not change before the backward pass.
    /// </summary>
    public bool CheckpointGradients { get; set; }

    /// <summary>The device that the weights live on.</summary>
    public Device Device => Parameters.Device;

    /// <summary>
    /// A new trainable model: weights from N(0, 0.02), those that write to the residual stream divided by sqrt(2 * layers), norms 1, biases 0.
    /// </summary>
    public static DecoderModel Initialize(DecoderConfig config, ulong seed, Device device)
    {
        var parameters = new ParameterSet(config.Validate().ParameterShapes(), device);
        foreach (var (index, (name, shape)) in parameters.Shapes.Index())
        {
            using var scope = NewDisposeScope();
            var residual = name.EndsWith("o_proj.weight", StringComparison.Ordinal)
                || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            var deviation = residual ? 0.02 / Math.Sqrt(2.0 * config.NumHiddenLayers) : 0.02;
            if (name.EndsWith(".bias", StringComparison.Ordinal)) continue;
            parameters.Set(name, shape.Length == 1 ? ones(shape) : Normal(seed, (ulong)index, shape, deviation));
        }
        return new(config, parameters);
    }

    /// <summary>A copy with its own weights, without adapter; frozen unless <paramref name="requiresGrad"/>.</summary>
    public DecoderModel Clone(bool requiresGrad = false) => new(Config, Parameters.Clone(requiresGrad));

    /// <summary>A copy whose weights have the adapter's updates in them; frozen unless <paramref name="requiresGrad"/>.</summary>
    public DecoderModel Merge(bool requiresGrad = false)
    {
        var merged = Clone(requiresGrad);
        Adapter?.MergeInto(merged.Parameters);
        return merged;
    }

    /// <summary>
    /// A frozen copy that computes in another floating-point type, an adapter's updates in its weights: what norms sum up stays float32. For <see cref="Hidden"/> alone.
    /// </summary>
    public DecoderModel To(ScalarType type)
    {
        using var merged = Merge();
        return new(Config, merged.Parameters.To(type));
    }

    /// <summary>The same weights with the adapter off: nothing is copied. To be disposed of before this model.</summary>
    public DecoderModel WithoutAdapter() => new(Config, Parameters, adapter: null, owns: false);

    /// <summary>
    /// Token ids [batch, time], int64, to the stream after the final norm, [batch, time, hidden]; each position sees itself and what is
    /// before it.
    /// </summary>
    /// <exception cref="ArgumentException">More positions than <see cref="DecoderConfig.MaxPositionEmbeddings"/>.</exception>
    public Tensor Hidden(Tensor tokens)
    {
        var (batch, time) = (tokens.shape[0], tokens.shape[1]);
        if (time > Config.ContextLength)
            throw new ArgumentException(
                $"A sequence of {time} tokens does not fit into this model's context of {Config.ContextLength}.");
        using var scope = NewDisposeScope();
        var positions = Range(time, device: Device);
        var x = Embed(tokens.reshape(-1)).view(batch, time, -1);
        if (Config.IsGpt2) x = x.Plus(PositionRows(positions));
        var rotation = Upto(time);
        foreach (var (i, layer) in _layers.Index())
            x = CheckpointGradients && is_grad_enabled() && (x.requires_grad || _trains[i])
                ? GradientCheckpoint.Apply(input => layer.Forward(input, Upto(time)), x) // this pass's tables are gone when the backward pass comes
                : layer.Forward(x, rotation);
        return _finalNorm.Apply(x).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The same for rows whose tokens have positions of their own and see what <paramref name="sees"/> says: several texts in a row, such as endings of one beginning. No gradient.
    /// </summary>
    /// <param name="tokens">Ids, [batch, time], int64.</param>
    /// <param name="positions">[batch, time], int64, each below the context.</param>
    /// <param name="sees">[batch, time, time], bool: whether the token of the second dimension sees that of the third; each sees itself.</param>
    /// <param name="extent">More than every position.</param>
    /// <exception cref="ArgumentException">The extent is more than the model's context.</exception>
    public Tensor Hidden(Tensor tokens, Tensor positions, Tensor sees, int extent)
    {
        if (extent > Config.ContextLength) throw new ArgumentException($"Positions up to {extent} do not fit into this model's context of {Config.ContextLength}.");
        using var mode = no_grad();
        using var scope = NewDisposeScope();
        var (batch, time) = (tokens.shape[0], tokens.shape[1]);
        var x = Embed(tokens.reshape(-1)).view(batch, time, -1);
        if (Config.IsGpt2) x = x.Plus(PositionRows(positions.reshape(-1)).view(batch, time, -1));
        var mask = zeros([batch, 1, time, time], x.dtype, Device).masked_fill_(sees.logical_not().unsqueeze(1), Number(double.NegativeInfinity));
        var rotation = Rotation(extent, rows => rows.index_select(0, positions.reshape(-1)).view(batch, time, -1));
        foreach (var layer in _layers) x = layer.Forward(x, rotation, mask);
        return _finalNorm.Apply(x).MoveToOuterDisposeScope();
    }

    /// <summary>False for a model that has no output layer.</summary>
    public bool PredictsTokens => Config.TieWordEmbeddings || Config.HasLanguageHead;

    /// <summary>[..., hidden] to logits over the tokenizer's ids, [..., vocabulary].</summary>
    /// <exception cref="InvalidOperationException">The model has no output layer.</exception>
    public Tensor Logits(Tensor hidden) => PredictsTokens
        ? linear(hidden, OutputRows(Parameters[Config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"]))
        : throw new InvalidOperationException("This model has no output layer, so it predicts no tokens; it was made to score texts.");

    /// <summary>An empty cache for <see cref="Step"/>; <paramref name="length"/> positions per slot, at most the model's context.</summary>
    public KeyValueCache NewCache(int slots, int length)
    {
        if (slots < 1 || length < 1 || length > Config.ContextLength)
            throw new ArgumentException(
                $"A cache of {slots} slots by {length} positions was asked for, but at least 1 by 1 and at most {Config.ContextLength} positions were expected.");
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
        var step = new StepState(
            cache,
            cache.FirstRows.Plus(positions.unsqueeze(1)).view(-1),
            Mask(positions, cache, extent),
            Rotation(cache.Length, rows => rows.index_select(0, positions))); // [slots, 1, head size]
        var x = Embed(tokens);
        if (Config.IsGpt2) x = x.Plus(PositionRows(positions));
        foreach (var layer in _layers)
            x = layer.Step(x, step);
        return _finalNorm.Apply(x).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rotary.Dispose();
        if (!_owns) return;
        Parameters.Dispose();
        Adapter?.Dispose();
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

    Rotation Rotation(long positions, Func<Tensor, Tensor> choose)
    {
        if (Config.IsGpt2) return default;
        var (cosine, sine) = _rotary.Upto(positions);
        return new(choose(cosine).unsqueeze(-2), choose(sine).unsqueeze(-2));
    }

    /// <summary>Tables at the first <paramref name="time"/> positions, [time, 1, head size].</summary>
    Rotation Upto(long time) => Rotation(time, rows => rows.narrow(0, 0, time));

    static bool Trains(ParameterSet? parameters, int layer) =>
        parameters is not null && parameters.Names.Any(n => n.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal) && parameters[n].requires_grad);

    Tensor OutputRows(Tensor weight) => Config.TokenCount is { } count && count < Config.VocabSize ? weight.narrow(0, 0, count) : weight;

    Tensor PositionRows(Tensor positions) => Parameters["model.embed_positions.weight"].index_select(0, positions);

    Tensor Embed(Tensor tokens) => Parameters["model.embed_tokens.weight"].index_select(0, tokens);

    static Tensor Normal(ulong seed, ulong stream, long[] shape, double deviation)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(deviation * CounterRandom.Normal(seed, stream, 0, (uint)i));
        return tensor(values, shape);
    }
}
