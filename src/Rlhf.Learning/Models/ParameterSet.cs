using System.Collections.Frozen;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>A model's weights in one flat buffer, float32 but for frozen copies in a shorter type, with a named view for each parameter.</summary>
/// <remarks>
/// The flat buffer makes an optimizer update, a gradient norm and a checkpoint one operation each. Gradients are flat too: every leaf's
/// <c>grad</c> is a view of one buffer into which autograd adds in place.
/// </remarks>
public sealed class ParameterSet : IDisposable
{
    const long SliceSize = 1 << 24;

    readonly (string Name, long[] Shape)[] _shapes;
    readonly FrozenDictionary<string, (long Offset, long Count, int Index)> _ranges;
    readonly Dictionary<string, Tensor> _leaves = [];
    readonly Tensor? _gradient;
    readonly FrozenSet<string> _frozen;

    /// <summary>
    /// A zero-filled set. Names in <paramref name="frozen"/> get no gradient; <paramref name="requiresGrad"/> false freezes all, as a <paramref name="type"/> other than float32 needs.
    /// </summary>
    /// <exception cref="ArgumentException">A name stands twice, a shape is not positive, or a frozen name is unknown.</exception>
    public ParameterSet(
        IEnumerable<(string Name, long[] Shape)> shapes, Device device, bool requiresGrad = true, IEnumerable<string>? frozen = null,
        ScalarType type = ScalarType.Float32)
    {
        _shapes = [.. shapes];
        _ranges = Ranges(_shapes);
        _frozen = (requiresGrad ? frozen ?? [] : _shapes.Select(s => s.Name)).ToFrozenSet();
        if (_frozen.FirstOrDefault(name => !_ranges.ContainsKey(name)) is { } unknown)
            throw new ArgumentException($"Parameter '{unknown}' is to be frozen, but the model has no parameter of that name.");
        RequiresGrad = _frozen.Count < _shapes.Length;
        Count = _shapes.Sum(s => Size(s.Shape));
        Flat = zeros(Count, type, device).DetachFromDisposeScope();
        _gradient = RequiresGrad ? zeros_like(Flat).DetachFromDisposeScope() : null;
        foreach (var (name, shape) in _shapes)
            _leaves[name] = Leaf(_ranges[name].Offset, shape, !_frozen.Contains(name));
    }

    /// <summary>All weights, [n]; change it in place only, under <c>no_grad</c>.</summary>
    public Tensor Flat { get; }

    /// <summary>Number of weights, n.</summary>
    public long Count { get; }

    /// <summary>True where at least one parameter is trainable.</summary>
    public bool RequiresGrad { get; }

    /// <summary>The device that the weights live on.</summary>
    public Device Device => Flat.device;

    /// <summary>Parts of the flat buffers for what needs a temporary of their size: a large model's is 64 MB then, not another copy of its weights.</summary>
    public IEnumerable<(long Start, long Count)> Slices
    {
        get
        {
            for (long start = 0; start < Count; start += SliceSize) yield return (start, Math.Min(SliceSize, Count - start));
        }
    }

    /// <summary>Parameter names in the order in which they lie in <see cref="Flat"/>.</summary>
    public IEnumerable<string> Names => _shapes.Select(s => s.Name);

    /// <summary>Names and shapes in the order in which they lie in <see cref="Flat"/>.</summary>
    public IReadOnlyList<(string Name, long[] Shape)> Shapes => _shapes;

    /// <summary>The named parameter, a leaf that shares storage with <see cref="Flat"/>; owned by this set.</summary>
    public Tensor this[string name] => _leaves.TryGetValue(name, out var leaf)
        ? leaf
        : throw new ArgumentException($"There is no parameter '{name}'; the first of {_shapes.Length} is '{_shapes[0].Name}'.");

    /// <summary>
    /// One leaf over parameters that lie next to each other and agree in all but the first dimension, joined along the first.
    /// </summary>
    public Tensor Joined(params ReadOnlySpan<string> names)
    {
        var key = string.Join('+', names);
        if (_leaves.TryGetValue(key, out var known))
            return known;
        var first = _ranges[names[0]];
        var shape = (long[])_shapes[first.Index].Shape.Clone();
        for (var i = 1; i < names.Length; i++)
        {
            var next = _ranges[names[i]];
            var nextShape = _shapes[next.Index].Shape;
            if (next.Index != first.Index + i
                || !nextShape.AsSpan(1).SequenceEqual(shape.AsSpan(1))
                || _frozen.Contains(names[i]) != _frozen.Contains(names[0]))
                throw new ArgumentException(
                    $"Parameters '{names[0]}' and '{names[i]}' cannot be joined: they must be neighbours of one width, both trainable or both frozen.");
            shape[0] += nextShape[0];
        }
        return _leaves[key] = Leaf(first.Offset, shape, !_frozen.Contains(names[0]));
    }

    /// <summary>
    /// The gradient, [n], zero where none has flowed: a new handle on the buffer that autograd adds to, until <see cref="ZeroGradient"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The set is frozen.</exception>
    public Tensor GatherGradient() => (_gradient ?? throw new InvalidOperationException("Frozen parameters have no gradient.")).alias();

    /// <summary>Sets the whole gradient to zero, for the next backward pass.</summary>
    public void ZeroGradient()
    {
        using var scope = NewDisposeScope();
        _gradient?.zero_();
    }

    /// <summary>
    /// A copy with its own storage; frozen unless <paramref name="requiresGrad"/>, then with the same names frozen as here.
    /// </summary>
    public ParameterSet Clone(bool requiresGrad = false)
    {
        var copy = new ParameterSet(_shapes, Device, requiresGrad, RequiresGrad ? _frozen : null);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>A frozen copy in another floating-point type.</summary>
    public ParameterSet To(ScalarType type)
    {
        var copy = new ParameterSet(_shapes, Device, requiresGrad: false, type: type);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Takes over all weights of a set with the same names and shapes.</summary>
    public void CopyFrom(ParameterSet other)
    {
        if (!_shapes.Select(Signature).SequenceEqual(other._shapes.Select(Signature)))
            throw new ArgumentException(
                $"Weights cannot be copied between sets of different parameters ({other.Count} weights into {Count}).");
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        Flat.copy_(other.Flat);
    }

    /// <summary>Copies values in row-major order into the named parameter.</summary>
    public void Set(string name, Tensor values)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        this[name].copy_(values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var leaf in _leaves.Values)
            leaf.Dispose();
        _gradient?.Dispose();
        Flat.Dispose();
    }

    Tensor Leaf(long offset, long[] shape, bool trainable)
    {
        using var scope = NewDisposeScope();
        using var mode = no_grad();
        var leaf = View(Flat, offset, shape);
        if (trainable)
        {
            leaf.requires_grad_();
            leaf.grad = View(_gradient!, offset, shape);
        }
        return leaf.DetachFromDisposeScope();
    }

    static Tensor View(Tensor flat, long offset, long[] shape) => flat.narrow(0, offset, Size(shape)).view(shape).detach();

    static FrozenDictionary<string, (long, long, int)> Ranges((string Name, long[] Shape)[] shapes)
    {
        var ranges = new Dictionary<string, (long, long, int)>();
        long offset = 0;
        foreach (var (name, shape) in shapes)
        {
            if (shape.Any(d => d < 1))
                throw new ArgumentException(
                    $"Parameter '{name}' has shape [{string.Join(", ", shape)}], but every dimension must be at least 1.");
            if (!ranges.TryAdd(name, (offset, Size(shape), ranges.Count)))
                throw new ArgumentException($"Parameter '{name}' is listed twice.");
            offset += Size(shape);
        }
        return ranges.Count > 0 ? ranges.ToFrozenDictionary() : throw new ArgumentException(
            "A parameter set needs at least one parameter.");
    }

    static string Signature((string Name, long[] Shape) s) => $"{s.Name}[{string.Join(',', s.Shape)}]";

    static long Size(long[] shape) => shape.Aggregate(1L, (product, d) => checked(product * d));
}
