using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

static class TensorExtensions
{
    /// <summary>The rows of [batch, time, width] where the mask [batch, time] is true: [rows, width].</summary>
    public static Tensor SelectRows(this Tensor rows, Tensor mask) =>
        rows.flatten(0, 1).index_select(0, mask.flatten().nonzero().squeeze(1));
}
