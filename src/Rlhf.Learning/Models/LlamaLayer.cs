using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rlhf.Learning.Models;

/// <summary>What all layers share while one token per slot is fed.</summary>
/// <param name="Cache">Keys and values so far.</param>
/// <param name="Rows">Row of the cache that each slot and head writes, [slots * key/value heads].</param>
/// <param name="Mask">0 up to each slot's position, then minus infinity, [slots, 1, 1, extent].</param>
/// <param name="Cosine">Rotary table at each slot's position, [slots, 1, head size].</param>
/// <param name="Sine">The signed sine likewise.</param>
sealed record DecodeStep(KeyValueCache Cache, Tensor Rows, Tensor Mask, Tensor Cosine, Tensor Sine);

/// <summary>One decoder layer: attention and feed-forward, each behind a norm and added to the stream.</summary>
sealed class LlamaLayer
{
    readonly int _index;
    readonly int _heads;
    readonly int _keyValueHeads;
    readonly int _headSize;
    readonly double _epsilon;
    readonly RotaryTables _rotary;
    readonly Tensor _attentionNorm;
    readonly Tensor _queryKeyValue;
    readonly Tensor _attentionOut;
    readonly Tensor _feedForwardNorm;
    readonly Tensor _gateUp;
    readonly Tensor _down;

    internal LlamaLayer(LlamaConfig config, ParameterSet parameters, int index, RotaryTables rotary)
    {
        (_index, _heads, _keyValueHeads, _headSize) = (index, config.NumAttentionHeads, config.NumKeyValueHeads, config.HeadSize);
        (_epsilon, _rotary) = (config.RmsNormEps, rotary);
        var layer = $"model.layers.{index}.";
        _attentionNorm = parameters[layer + "input_layernorm.weight"];
        // One product instead of three, and of two: in a small model the call costs as much as the product.
        _queryKeyValue = parameters.Joined(
            layer + "self_attn.q_proj.weight", layer + "self_attn.k_proj.weight", layer + "self_attn.v_proj.weight");
        _attentionOut = parameters[layer + "self_attn.o_proj.weight"];
        _feedForwardNorm = parameters[layer + "post_attention_layernorm.weight"];
        _gateUp = parameters.Joined(layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight");
        _down = parameters[layer + "mlp.down_proj.weight"];
    }

    /// <summary>[batch, time, hidden] to the same; tables are [time, 1, head size].</summary>
    internal Tensor Forward(Tensor x, Tensor cosine, Tensor sine)
    {
        using var scope = NewDisposeScope();
        var (batch, time) = (x.shape[0], x.shape[1]);
        var (query, key, value) = Heads(x, cosine, sine, batch, time); // [batch, time, heads, head size]
        query = query.transpose(1, 2); // [batch, heads, time, head size]
        key = Repeat(key.transpose(1, 2));
        value = Repeat(value.transpose(1, 2));
        var attended = scaled_dot_product_attention(query, key, value, is_casual: true).transpose(1, 2).reshape(batch, time, -1);
        return FeedForward(x.add(linear(attended, _attentionOut))).MoveToOuterDisposeScope();
    }

    /// <summary>[slots, hidden] to the same, one token per slot.</summary>
    internal Tensor Step(Tensor x, DecodeStep step)
    {
        using var scope = NewDisposeScope();
        var slots = step.Cache.Slots;
        var (query, key, value) = Heads(x, step.Cosine, step.Sine, slots); // [slots, heads, head size]
        var (keys, values) = step.Cache.Layers[_index];
        keys.view(-1, _headSize).index_copy_(0, step.Rows, key.reshape(-1, _headSize));
        values.view(-1, _headSize).index_copy_(0, step.Rows, value.reshape(-1, _headSize));
        // The query heads of one key/value head stand where queries in time would: no key or value is copied.
        query = query.reshape(slots, _keyValueHeads, -1, _headSize);
        var extent = step.Mask.shape[^1];
        var attended = scaled_dot_product_attention(query, keys.narrow(2, 0, extent), values.narrow(2, 0, extent), step.Mask)
            .reshape(slots, -1);
        return FeedForward(x.add(linear(attended, _attentionOut))).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Queries and keys, turned by their position, and values, each [..., heads, head size] where [...] is <paramref name="rows"/>.
    /// </summary>
    (Tensor Query, Tensor Key, Tensor Value) Heads(Tensor x, Tensor cosine, Tensor sine, params ReadOnlySpan<long> rows)
    {
        var projected = linear(RmsNorm.Apply(x, _attentionNorm, _epsilon), _queryKeyValue).view([.. rows, -1, _headSize]);
        var (turned, value) = Split(projected, _heads + _keyValueHeads, _keyValueHeads, -2);
        var (query, key) = Split(_rotary.Rotate(turned, cosine, sine), _heads, _keyValueHeads, -2);
        return (query, key, value);
    }

    Tensor FeedForward(Tensor x)
    {
        var gateUp = linear(RmsNorm.Apply(x, _feedForwardNorm, _epsilon), _gateUp);
        var width = gateUp.shape[^1] / 2;
        var (gate, up) = Split(gateUp, width, width, -1);
        return x.add(linear(silu(gate).mul(up), _down));
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
