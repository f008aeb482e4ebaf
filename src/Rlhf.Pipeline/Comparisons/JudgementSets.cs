using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Json;

namespace Rlhf.Pipeline.Comparisons;

/// <summary>A comparison, what was said of it, and how many judgements of it were asked for and never came.</summary>
sealed record CollectedComparison(Comparison Comparison, IReadOnlyList<Judgement> Judgements, int Missing);

/// <summary>Reads and writes judgements, and which of them are missing.</summary>
static class JudgementSets
{
    const string File = "judgements.jsonl", MissingFile = "missing.jsonl";

    /// <param name="each">Judgements that were asked for of each comparison.</param>
    /// <param name="more">What the labeler has to say of them, as files beside them.</param>
    public static Task<ArtifactRef> PutJudgementsAsync(
        this ArtifactStore artifacts, IReadOnlyList<Comparison> comparisons, int each, IReadOnlyList<Judgement> judgements,
        IReadOnlyDictionary<string, byte[]> more, CancellationToken cancellationToken)
    {
        var given = judgements.CountBy(j => j.ComparisonId).ToDictionary();
        var missing = comparisons.Select(c => new MissingJudgements(c.Id, each, given.GetValueOrDefault(c.Id))).Where(m => m.Given < m.Asked).ToList();
        var files = new Dictionary<string, byte[]>(more) { [File] = JsonLines.Serialize(judgements) };
        if (missing.Count > 0) files[MissingFile] = JsonLines.Serialize(missing);
        return artifacts.PutAsync("judgements", files, cancellationToken);
    }

    public static Task<List<Judgement>> ReadJudgementsAsync(this ArtifactStore artifacts, ArtifactRef judgements, CancellationToken cancellationToken) =>
        artifacts.ReadLinesAsync<Judgement>(judgements, File, cancellationToken);

    /// <summary>What the labeler had to say of its judgements.</summary>
    public static async Task<IReadOnlyDictionary<string, byte[]>> FilesBesideAsync(this ArtifactStore artifacts, ArtifactRef judgements, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]>();
        foreach (var file in (await artifacts.ManifestAsync(judgements, cancellationToken)).Files.Where(f => f.Path is not (File or MissingFile)))
            files[file.Path] = await artifacts.ReadFileAsync(judgements, file.Path, cancellationToken);
        return files;
    }

    /// <summary>Each comparison with its judgements.</summary>
    /// <exception cref="InvalidDataException">A comparison has no judgement, and the artifact does not say that none came.</exception>
    public static async Task<List<CollectedComparison>> ReadCollectedAsync(
        this ArtifactStore artifacts, ArtifactRef judgements, IEnumerable<Comparison> comparisons, CancellationToken cancellationToken)
    {
        var given = (await artifacts.ReadJudgementsAsync(judgements, cancellationToken)).ToLookup(j => j.ComparisonId);
        var missing = (await artifacts.ManifestAsync(judgements, cancellationToken)).Files.Any(f => f.Path == MissingFile)
            ? (await artifacts.ReadLinesAsync<MissingJudgements>(judgements, MissingFile, cancellationToken)).ToDictionary(m => m.ComparisonId, m => m.Asked - m.Given)
            : [];
        return [.. comparisons.Select(c => given.Contains(c.Id) || missing.ContainsKey(c.Id)
            ? new CollectedComparison(c, [.. given[c.Id]], missing.GetValueOrDefault(c.Id))
            : throw new InvalidDataException($"Comparison {c.Id} has no judgement."))];
    }
}
