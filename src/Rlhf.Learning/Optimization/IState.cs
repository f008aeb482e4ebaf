using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>A part of a trainer with a state of its own, which checkpoints hold and a resume puts back.</summary>
interface IState
{
    /// <summary>Its tensors by name, the live ones: a resume copies into them.</summary>
    IEnumerable<(string Name, Tensor Value)> Tensors => [];

    /// <summary>Its numbers, always as many.</summary>
    double[] Numbers
    {
        get => [];
        set { }
    }
}
