using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>x / sqrt(mean(x²) + ε) · weight over the last dimension (Zhang and Sennrich 2019).</summary>
static class RmsNorm
{
    static readonly long[] LastDimension = [-1];

    internal static Tensor Apply(Tensor x, Tensor weight, double epsilon) =>
        x.mul(x.square().mean(LastDimension, keepdim: true).add_(Number(epsilon)).rsqrt_()).mul(weight);
}
