using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Promotions;

/// <summary>
/// A promotion in one artifact, so that it can be checked without a store: <c>record.json</c> (canonical JSON, the bytes that are signed), <c>signature.json</c>, and
/// the files of what it rests on, each artifact in a folder of its own: <c>decision/</c>, <c>evidence/</c>, <c>criteria/</c>, and <c>measures/</c> and <c>report-card/</c>
/// where there are some.
/// </summary>
public static class PromotionBundle
{
    public const string Kind = "promotion", RecordFile = "record.json", SignatureFile = "signature.json";

    public const string Decision = "decision", Evidence = "evidence", Criteria = "criteria", Measures = "measures", ReportCard = "report-card";

    /// <summary>What a record rests on, by the folder it has.</summary>
    public static IReadOnlyList<(string Folder, ArtifactRef Artifact)> PartsOf(PromotionRecord record) =>
        [.. new (string, ArtifactRef?)[] { (Decision, record.Decision), (Evidence, record.Evidence), (Criteria, record.Criteria), (Measures, record.Measures), (ReportCard, record.ReportCard) }
            .Where(p => p.Item2 is not null).Select(p => (p.Item1, p.Item2!))];

    /// <summary>Every file that it copies is checked against its hash; the same promotion gives the same artifact.</summary>
    public static async Task<ArtifactRef> PutAsync(ArtifactStore artifacts, SignedPromotion promotion, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, byte[]> { [RecordFile] = CanonicalJson.Serialize(promotion.Record), [SignatureFile] = CanonicalJson.Serialize(promotion.Signature) };
        foreach (var (folder, artifact) in PartsOf(promotion.Record))
        {
            foreach (var file in (await artifacts.ManifestAsync(artifact, cancellationToken)).Files)
                files[$"{folder}/{file.Path}"] = await artifacts.ReadFileAsync(artifact, file.Path, cancellationToken);
        }
        return await artifacts.PutAsync(Kind, files, cancellationToken);
    }
}
