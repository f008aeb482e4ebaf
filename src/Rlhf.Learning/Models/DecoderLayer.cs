using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rlhf.Learning.Models;

/// <summary>Rotary tables at the positions of a pass, broadcasting to [..., heads, head size]; null where positions are learned.</summary>
readonly record struct Rotation(Tensor? Cosine, Tensor? SignedSine);

/// <summary>What all layers share while one token per slot is fed.</summary>
/// <param name="Cache">Keys and values so far.</param>
/// <param name="Rows">Row of the cache that each slot and head writes, [slots * key/value heads].</param>
/// <param name="Mask">0 up to each slot's position, then minus infinity, [slots, 1, 1, extent].</param>
/// <param name="Rotation">Rotary tables at each slot's position.</param>
sealed record StepState(KeyValueCache Cache, Tensor Rows, Tensor Mask, Rotation Rotation);

/// <summary>One decoder layer: attention and feed-forward, each behind a norm and added to the stream.</summary>
sealed class DecoderLayer
{
    readonly int _index;
    readonly int _heads;
    readonly int _keyValueHeads;
    readonly int _headSize;
    readonly RotaryTables _rotary;
    readonly Norm _attentionNorm;
    readonly Projection _queryKeyValue;
    readonly Norm? _queryNorm;
    readonly Norm? _keyNorm;
    readonly Projection _attentionOut;
    readonly Norm _feedForwardNorm;
    readonly Projection _up;
    readonly Projection _down;
    readonly bool _gated;

    internal DecoderLayer(DecoderConfig config, ParameterSet parameters, LowRankAdapter? adapter, int index, RotaryTables rotary)
    {
        (_index, _heads, _keyValueHeads, _headSize, _rotary) = (index, config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadSize, rotary);
        var layer = $"model.layers.{index}.";
        _attentionNorm = Norm.Of(parameters, layer + "input_layernorm", config);
        _queryKeyValue = new(
            parameters, adapter, config.HasQueryKeyValueBias, layer + "self_attn.q_proj", layer + "self_attn.k_proj", layer + "self_attn.v_proj");
        if (config.HasHeadNorms) (_queryNorm, _keyNorm) = (Norm.Of(parameters, layer + "self_attn.q_norm", config), Norm.Of(parameters, layer + "self_attn.k_norm", config));
        _attentionOut = new(parameters, adapter, config.IsGpt2, layer + "self_attn.o_proj");
        _feedForwardNorm = Norm.Of(parameters, layer + "post_attention_layernorm", config);
        _gated = !config.IsGpt2;
        _up = _gated
            ? new(parameters, adapter, false, layer + "mlp.gate_proj", layer + "mlp.up_proj")
            : new(parameters, adapter, true, layer + "mlp.up_proj");
        _down = new(parameters, adapter, config.IsGpt2, layer + "mlp.down_proj");
    }

    /// <summary>[batch, time, hidden] to the same; tables are [time, 1, head size], or [batch, time, 1, head size].</summary>
    /// <param name="mask">0 where a token sees another one, else minus infinity, [batch, 1, time, time]; null: each sees itself and what is before it.</param>
    internal Tensor Forward(Tensor x, Rotation rotation, Tensor? mask = null)
    {
        using var scope = NewDisposeScope();
        var (batch, time) = (x.shape[0], x.shape[1]);
        var (query, key, value) = Heads(x, rotation, batch, time); // [batch, time, heads, head size]
        query = query.transpose(1, 2); // [batch, heads, time, head size]
        key = Repeat(key.transpose(1, 2));
        value = Repeat(value.transpose(1, 2));
        var attended = scaled_dot_product_attention(query, key, value, mask, is_casual: mask is null).transpose(1, 2).reshape(batch, time, -1);
        return FeedForward(x.Plus(_attentionOut.Apply(attended))).MoveToOuterDisposeScope();
    }

    /// <summary>[slots, hidden] to the same, one token per slot.</summary>
    internal Tensor Step(Tensor x, StepState step)
    {
        using var scope = NewDisposeScope();
        var slots = step.Cache.Slots;
        var (query, key, value) = Heads(x, step.Rotation, slots); // [slots, heads, head size]
        var (keys, values) = step.Cache.Layers[_index];
        keys.view(-1, _headSize).index_copy_(0, step.Rows, key.reshape(-1, _headSize));
        values.view(-1, _headSize).index_copy_(0, step.Rows, value.reshape(-1, _headSize));
        // The query heads of one key/value head stand where queries in time would: no key or value is copied.
        query = query.reshape(slots, _keyValueHeads, -1, _headSize);
        var extent = step.Mask.shape[^1];
        var attended = scaled_dot_product_attention(query, keys.narrow(2, 0, extent), values.narrow(2, 0, extent), step.Mask)
            .reshape(slots, -1);
        return FeedForward(x.Plus(_attentionOut.Apply(attended))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Queries and keys, turned by their position, and values, each [..., heads, head size] where [...] is <paramref name="rows"/>.
    /// </summary>
    (Tensor Query, Tensor Key, Tensor Value) Heads(Tensor x, Rotation rotation, params ReadOnlySpan<long> rows)
    {
        var projected = _queryKeyValue.Apply(_attentionNorm.Apply(x)).view([.. rows, -1, _headSize]);
        var (toTurn, value) = Split(projected, _heads + _keyValueHeads, _keyValueHeads, -2);
        if (_queryNorm is not null && _keyNorm is not null)
        {
            var (plainQuery, plainKey) = Split(toTurn, _heads, _keyValueHeads, -2);
            toTurn = cat([_queryNorm.Apply(plainQuery), _keyNorm.Apply(plainKey)], -2);
        }
        var turned = rotation is { Cosine: { } cosine, SignedSine: { } sine } ? _rotary.Rotate(toTurn, cosine, sine) : toTurn;
        var (query, key) = Split(turned, _heads, _keyValueHeads, -2);
        return (query, key, value);
    }

    Tensor FeedForward(Tensor x)
    {
        var up = _up.Apply(_feedForwardNorm.Apply(x));
        if (!_gated) return x.Plus(_down.Apply(gelu(up, TorchSharp.Modules.GELU.Approximate.tanh)));
        var width = up.shape[^1] / 2;
        var (gate, value) = Split(up, width, width, -1);
        return x.Plus(_down.Apply(silu(gate).mul(value)));
    }

    // One split instead of two narrows: its gradient is one concatenation, theirs are two zero-filled tensors and a sum.
    static (Tensor, Tensor) Split(Tensor x, long first, long second, long dimension)
    {
        var parts = x.split([first, second], dimension);
        return (parts[0], parts[1]);
    }

    /// <summary>[batch, key/value heads, time, head size] to as many heads as the query has, neighbours sharing one.</summary>
    Tensor Repeat(Tensor x) => _heads == _keyValueHeads ? x : x.repeat_interleave(_heads / _keyValueHeads, 1);
}
