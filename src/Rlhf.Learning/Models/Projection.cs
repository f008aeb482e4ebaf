using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Rlhf.Learning.Models;

/// <summary>A linear map x · Wᵀ + b of one or more of a layer's products done as one: in a small model a call costs as much as the product.</summary>
sealed class Projection
{
    readonly Tensor _weight;
    readonly Tensor? _bias;
    readonly LowRankUpdate? _update;

    /// <param name="parameters">The model's weights.</param>
    /// <param name="adapter">Low-rank updates, or null.</param>
    /// <param name="bias">Whether the products have biases.</param>
    /// <param name="names">The products, joined along their outputs; neighbors in the flat buffer.</param>
    internal Projection(ParameterSet parameters, LowRankAdapter? adapter, bool bias, params ReadOnlySpan<string> names)
    {
        _weight = parameters.Joined(With(names, ".weight"));
        _bias = bias ? parameters.Joined(With(names, ".bias")) : null;
        _update = adapter?.Of(parameters, names);
    }

    /// <summary>[..., inputs] to [..., outputs].</summary>
    internal Tensor Apply(Tensor x)
    {
        var y = linear(x, _weight, _bias);
        return _update is null ? y : y.Plus(_update.Apply(x));
    }

    static string[] With(ReadOnlySpan<string> names, string suffix)
    {
        var all = new string[names.Length];
        for (var i = 0; i < all.Length; i++) all[i] = names[i] + suffix;
        return all;
    }
}
