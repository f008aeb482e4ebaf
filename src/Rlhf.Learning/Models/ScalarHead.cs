using Rlhf.Learning.Randomness;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>One number from a hidden state: a linear layer of one output, the head of reward models and value functions.</summary>
public sealed class ScalarHead : IDisposable
{
    const string Weight = "score.weight", Bias = "score.bias";

    ScalarHead(ParameterSet parameters) => Parameters = parameters;

    public ParameterSet Parameters { get; }

    /// <summary>Weights N(0, 1/√(hidden + 1)), bias 0 (Stiennon et al. 2020).</summary>
    public static ScalarHead Random(int hiddenSize, ulong seed, Device device)
    {
        var head = Zero(hiddenSize, device);
        var deviation = 1 / Math.Sqrt(hiddenSize + 1);
        var values = new float[hiddenSize];
        for (var i = 0; i < hiddenSize; i++) values[i] = (float)(deviation * CounterRandom.Normal(seed, 0, 0, (uint)i));
        using var noGrad = no_grad();
        using var weights = tensor(values, [1, hiddenSize]);
        head.Parameters[Weight].copy_(weights);
        return head;
    }

    /// <summary>A head of given weights, [1, hidden], and bias.</summary>
    public static ScalarHead Of(Tensor weights, double bias, bool trainable = true)
    {
        var head = Zero((int)weights.shape[1], weights.device, trainable);
        using var noGrad = no_grad();
        head.Parameters[Weight].copy_(weights);
        head.Parameters[Bias].fill_(Number(bias));
        return head;
    }

    /// <summary>[1, hidden], what transformers calls <c>score.weight</c>.</summary>
    public Tensor Weights => Parameters[Weight];

    /// <summary>What is added to every output.</summary>
    public double Offset
    {
        get
        {
            using var scope = NewDisposeScope();
            return Parameters[Bias].detach().Value();
        }
    }

    /// <summary>All zero: a value function that begins by knowing nothing (Ziegler et al. 2019).</summary>
    public static ScalarHead Zero(int hiddenSize, Device device, bool trainable = true)
    {
        var head = new ScalarHead(new ParameterSet([(Weight, [1, hiddenSize]), (Bias, [1])], device, trainable));
        using var noGrad = no_grad();
        head.Parameters.Flat.zero_();
        return head;
    }

    /// <summary>[…, hidden] → […], float32 whatever the hidden states are.</summary>
    public Tensor Forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return nn.functional.linear(hidden.to(ScalarType.Float32), Parameters[Weight], Parameters[Bias]).squeeze(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Makes every output gain·output + bias.</summary>
    public void Scale(double gain, double bias)
    {
        using var noGrad = no_grad();
        Parameters.Flat.mul_(Number(gain));
        Parameters[Bias].PlusInPlace(Number(bias));
    }

    public void Save(string path) => Safetensors.Write(path, [(Weight, Parameters[Weight]), (Bias, Parameters[Bias])]);

    /// <exception cref="InvalidDataException">The file lacks a tensor or its shape does not fit the model.</exception>
    public static ScalarHead Load(string path, int hiddenSize, Device device, bool trainable = true)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensors = Safetensors.Read(path);
        var head = Zero(hiddenSize, device, trainable);
        foreach (var name in new[] { Weight, Bias })
        {
            var target = head.Parameters[name];
            if (!tensors.TryGetValue(name, out var saved) || !saved.shape.SequenceEqual(target.shape))
                throw new InvalidDataException($"'{Path.GetFileName(path)}' has no tensor '{name}' of shape [{string.Join(", ", target.shape)}].");
            target.copy_(saved);
        }
        return head;
    }

    public void Dispose() => Parameters.Dispose();
}
