using System.Reflection;
using System.Text.Json;
using Rlhf.Learning.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Tests.Support;

/// <summary>Tiny models of every family with what other people's code computes (<c>tests/Support/llamacpp</c>).</summary>
static class Families
{
    static readonly string Root = Path.Combine(
        typeof(Families).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!,
        "tests", "Rlhf.Learning.Tests", "Data", "families");

    /// <summary>A token sequence, the logits at each of its positions, the log-probabilities by llama.cpp, and what greedy sampling adds.</summary>
    internal sealed record Sequence(int[] Tokens, float[][] Logits, float[][] LlamacppLogProbabilities, int[] Greedy, float Score, float[] Scores);

    internal sealed record Expected(string Referee, double Tolerance, IReadOnlyList<Sequence> Sequences);

    internal static string Folder(string family) => Path.Combine(Root, family);

    internal static Expected Read(string family) =>
        JsonSerializer.Deserialize<Expected>(File.ReadAllBytes(Path.Combine(Folder(family), "expected.json")), JsonSerializerOptions.Web)!;

    internal static (DecoderModel Model, Tensor? Score) Load(string family, string configFile = "config.json", bool trainable = false)
    {
        var (config, head) = DecoderConfigJson.Read(Path.Combine(Folder(family), configFile));
        using var checkpoint = Checkpoint.Open(Folder(family), []);
        (string, long[])[] extra = head == ModelHead.Score ? [("score.weight", [1, config.HiddenSize])] : [];
        var (parameters, tensors) = checkpoint.Read(config, extra, Some.Device, trainable);
        return (new(config, parameters), tensors.GetValueOrDefault("score.weight"));
    }
}
