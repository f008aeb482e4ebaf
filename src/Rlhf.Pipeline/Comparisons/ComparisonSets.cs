using System.Security.Cryptography;
using System.Text;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>Makes comparisons blind and reads and writes them.</summary>
static class ComparisonSets
{
    public const string File = "comparisons.jsonl";

    /// <summary>A comparison with its sides drawn by the seed. The id follows from prompt, texts, axis and purpose.</summary>
    public static Comparison Create(Prompt prompt, Completion first, Completion second, string axis, string purpose, long seed)
    {
        var text = string.Join('\u001f', prompt.Id, first.Text, first.Sample, second.Text, second.Sample, axis, purpose);
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
        var (a, b) = Seeds.Uniform(seed, "side", id) < 0.5 ? (first, second) : (second, first);
        return new(id, prompt.Id, prompt.Turns, a, b, axis, purpose);
    }

    /// <param name="more">Files beside the comparisons.</param>
    public static Task<ArtifactRef> PutComparisonsAsync(
        this ArtifactStore artifacts, IReadOnlyList<Comparison> comparisons, CancellationToken cancellationToken, params IEnumerable<(string Name, byte[] Bytes)> more) =>
        comparisons.Count > 0
            ? artifacts.PutAsync("comparisons", more.Append((File, JsonLines.Serialize(comparisons))).ToDictionary(), cancellationToken)
            : throw NothingToCompare();

    public static InvalidDataException NothingToCompare() => new("No two different completions of one prompt were sampled; there is nothing to compare.");

    public static Task<List<Comparison>> ReadComparisonsAsync(this ArtifactStore artifacts, ArtifactRef comparisons, CancellationToken cancellationToken) =>
        artifacts.ReadLinesAsync<Comparison>(comparisons, File, cancellationToken);
}
