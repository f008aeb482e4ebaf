using Rlhf.Learning.Randomness;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Models;

/// <summary>Shape of a low-rank adapter.</summary>
/// <param name="Rank">Width r of the update, at least 1.</param>
/// <param name="Alpha">The update is scaled by alpha / r, or with <paramref name="RankStabilized"/> by alpha / √r; above 0.</param>
/// <param name="Targets">Which products of every layer are updated: names such as <c>q_proj</c>.</param>
/// <param name="RankStabilized">Scale by the root of the rank (Kalajdzievski 2023); default false.</param>
public sealed record LowRankConfig(int Rank, double Alpha, IReadOnlyList<string> Targets, bool RankStabilized = false)
{
    /// <summary>The products of a layer that can be updated; GPT-2 has no gate.</summary>
    public static IReadOnlyList<string> AllTargets { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    public double Scale => RankStabilized ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;

    /// <exception cref="InvalidDataException">A value is out of range, with the value and what was expected.</exception>
    public LowRankConfig Validate(DecoderConfig model)
    {
        if (Rank < 1 || Rank > model.HiddenSize) throw Refused($"its rank is {Rank}; expected 1 to the model's hidden size ({model.HiddenSize})");
        if (!(Alpha > 0 && double.IsFinite(Alpha))) throw Refused($"its alpha is {Alpha}; expected a finite number above 0");
        if (Targets.Count == 0) throw Refused("it has no targets; expected at least one");
        if (Targets.FirstOrDefault(t => !AllTargets.Contains(t) || (model.IsGpt2 && t == "gate_proj")) is { } unknown)
            throw Refused($"it updates '{unknown}'; expected {string.Join(", ", AllTargets.Where(t => !model.IsGpt2 || t != "gate_proj"))}");
        return this;
    }

    static InvalidDataException Refused(string sentence) => new($"The low-rank adapter is not usable: {sentence}.");
}

/// <summary>
/// Low-rank updates of a frozen model (LoRA, Hu et al. 2021): W x becomes W x + scale · B A x, with A [rank, inputs] and B [outputs, rank]. B begins
/// as zero, so that a new adapter changes nothing.
/// </summary>
public sealed class LowRankAdapter : IDisposable
{
    const string A = ".lora_A.weight", B = ".lora_B.weight";

    /// <summary>An adapter over parameters of <see cref="Shapes"/>; it owns them from now on.</summary>
    public LowRankAdapter(LowRankConfig config, ParameterSet parameters) => (Config, Parameters) = (config, parameters);

    public LowRankConfig Config { get; }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>A uniform in ±1/√inputs, B zero.</summary>
    public static LowRankAdapter Initialize(LowRankConfig config, DecoderConfig model, ulong seed, Device device)
    {
        var parameters = new ParameterSet(Shapes(config.Validate(model), model), device);
        foreach (var (index, (name, shape)) in parameters.Shapes.Index())
        {
            if (!name.EndsWith(A, StringComparison.Ordinal)) continue;
            using var scope = NewDisposeScope();
            var bound = 1 / Math.Sqrt(shape[1]);
            var values = new float[shape[0] * shape[1]];
            for (var i = 0; i < values.Length; i++) values[i] = (float)(bound * (2 * CounterRandom.Uniform(seed, (ulong)index, 0, (uint)i) - 1));
            parameters.Set(name, tensor(values, shape));
        }
        return new(config, parameters);
    }

    /// <summary>Names and shapes for a model: for every product its A, then its B; the As of what is multiplied together lie together.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Shapes(LowRankConfig config, DecoderConfig model)
    {
        var products = model.ParameterShapes().Where(p => IsTarget(config, p.Name)).Select(p => (Name: p.Name[..^".weight".Length], p.Shape)).ToList();
        foreach (var (name, shape) in products) yield return (name + A, [config.Rank, shape[1]]);
        foreach (var (name, shape) in products) yield return (name + B, [shape[0], config.Rank]);
    }

    /// <summary>The update of one product of the model or of several that are done as one, or null where none is a target.</summary>
    internal LowRankUpdate? Of(ParameterSet model, ReadOnlySpan<string> names)
    {
        var targets = new List<string>();
        var parts = new List<(Tensor? B, long Outputs)>();
        foreach (var name in names)
        {
            var isTarget = IsTarget(Config, name + ".weight");
            if (isTarget) targets.Add(name);
            parts.Add((isTarget ? Parameters[name + B] : null, model[name + ".weight"].shape[0]));
        }
        return targets.Count == 0 ? null : new(Parameters.Joined([.. targets.Select(t => t + A)]), parts, Config.Rank, Config.Scale);
    }

    /// <summary>Adds the update to the weights of a model; the adapter itself stays as it is.</summary>
    public void MergeInto(ParameterSet model)
    {
        using var mode = no_grad();
        foreach (var name in Parameters.Names.Where(n => n.EndsWith(A, StringComparison.Ordinal)).Select(n => n[..^A.Length]))
        {
            using var scope = NewDisposeScope();
            model[name + ".weight"].add_(Parameters[name + B].matmul(Parameters[name + A]), alpha: Number(Config.Scale));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Parameters.Dispose();

    static bool IsTarget(LowRankConfig config, string parameter) =>
        parameter.Split('.') is ["model", "layers", _, _, var product, "weight"] && config.Targets.Contains(product);
}

/// <summary>scale · B A x for the products of one projection; zero for those that are no target.</summary>
sealed class LowRankUpdate(Tensor joinedA, IReadOnlyList<(Tensor? B, long Outputs)> parts, int rank, double scale)
{
    /// <summary>[..., inputs] to [..., outputs].</summary>
    internal Tensor Apply(Tensor x)
    {
        var low = nn.functional.linear(x, joinedA).mul(Number(scale)); // [..., rank of each target]
        var next = 0;
        var updates = parts.Select(p => p.B is { } b
            ? nn.functional.linear(low.narrow(-1, rank * next++, rank), b)
            : zeros([.. x.shape[..^1], p.Outputs], x.dtype, x.device)).ToArray();
        return updates.Length == 1 ? updates[0] : cat(updates, -1);
    }
}
