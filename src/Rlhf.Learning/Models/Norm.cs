using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>
/// A norm over the last dimension: x / √(mean(x²) + ε) · weight (RMSNorm, Zhang and Sennrich 2019), or with a bias
/// (x − mean) / √(variance + ε) · weight + bias (LayerNorm, Ba et al. 2016).
/// </summary>
sealed class Norm(Tensor weight, Tensor? bias, double epsilon)
{
    static readonly long[] LastDimension = [-1];

    internal static Norm Of(ParameterSet parameters, string name, DecoderConfig config) =>
        new(parameters[name + ".weight"], config.IsGpt2 ? parameters[name + ".bias"] : null, config.NormEpsilon);

    internal Tensor Apply(Tensor x) => bias is null
        ? x.dtype == ScalarType.Float32 ? Rms(x).mul(weight) : Rms(x.to(ScalarType.Float32)).to(x.dtype).mul(weight)
        : nn.functional.layer_norm(x, weight.shape, weight, bias, epsilon);

    Tensor Rms(Tensor x) => x.mul(x.Squared().mean(LastDimension, keepdim: true).PlusInPlace(Number(epsilon)).rsqrt_());
}
