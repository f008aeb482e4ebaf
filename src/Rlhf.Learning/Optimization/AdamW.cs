using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Optimization;

/// <summary>The decay of Adam's two moments, each in [0, 1), and what is added to the root of the second, above 0.</summary>
public sealed record AdamHParams(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8);

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter 2019; PyTorch's placement of epsilon), over flat parameter buffers: a dozen
/// tensor operations a step however many weights there are, and a state of two tensors that checkpoints exactly.
/// </summary>
public sealed class AdamW : IDisposable, IState
{
    readonly IReadOnlyList<ParameterSet> _sets;
    readonly List<Tensor> _first = [];
    readonly List<Tensor> _second = [];
    readonly double _weightDecay;
    readonly AdamHParams _hparams;

    public AdamW(IReadOnlyList<ParameterSet> sets, double weightDecay, AdamHParams? hparams = null)
    {
        _sets = sets;
        _weightDecay = weightDecay;
        _hparams = hparams ?? new();
        foreach (var set in sets)
        {
            _first.Add(zeros_like(set.Flat).DetachFromDisposeScope());
            _second.Add(zeros_like(set.Flat).DetachFromDisposeScope());
        }
    }

    /// <summary>Steps done.</summary>
    public int Count { get; private set; }

    IEnumerable<(string Name, Tensor Value)> IState.Tensors => _sets.SelectMany((set, i) => new[]
    {
        ($"{i}.weights", set.Flat), ($"{i}.first", _first[i]), ($"{i}.second", _second[i]),
    });

    double[] IState.Numbers
    {
        get => [Count];
        set => Count = (int)value[0];
    }

    /// <summary>
    /// Scales the gradients of all sets so that their joint norm is at most <paramref name="maxGradientNorm"/>, does one step, and
    /// clears them. Returns the norm before scaling.
    /// </summary>
    /// <exception cref="NonFiniteException">The gradient is not finite; no weight was changed.</exception>
    public double Step(double learningRate, double maxGradientNorm, TrainingBatch? batch = null)
    {
        var norm = Gradients.Clip(_sets, maxGradientNorm, batch ?? new(null, [], []));
        Step(learningRate);
        return norm;
    }

    /// <summary>One step along the gradients as they are; clears them.</summary>
    public void Step(double learningRate)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Count++;
        var (beta1, beta2, epsilon) = _hparams;
        var stepSize = learningRate / (1 - Math.Pow(beta1, Count));
        var correction = 1 / Math.Sqrt(1 - Math.Pow(beta2, Count));
        foreach (var (i, set) in _sets.Index())
        {
            foreach (var (start, count) in set.Slices)
            {
                using var slice = NewDisposeScope();
                var (weights, gradient) = (set.Flat.narrow(0, start, count), set.GatherGradient().narrow(0, start, count));
                var (first, second) = (_first[i].narrow(0, start, count), _second[i].narrow(0, start, count));
                first.mul_(Number(beta1)).add_(gradient, alpha: Number(1 - beta1));
                second.mul_(Number(beta2)).addcmul_(gradient, gradient, Number(1 - beta2));
                if (_weightDecay > 0) weights.mul_(Number(1 - learningRate * _weightDecay));
                weights.addcdiv_(first, second.sqrt().mul_(Number(correction)).PlusInPlace(Number(epsilon)), Number(-stepSize));
            }
            set.ZeroGradient();
        }
    }

    public void Dispose()
    {
        foreach (var moment in _first.Concat(_second)) moment.Dispose();
    }
}
