using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Promotions;

namespace Rlhf.Pipeline.Promotions;

/// <summary>What a check of a promotion's files found.</summary>
/// <param name="Record">Null where it could not be read.</param>
/// <param name="Wrong">A sentence for each thing that is wrong; empty where the promotion was allowed.</param>
public sealed record PromotionFindings(PromotionRecord? Record, IReadOnlyList<string> Wrong);

/// <summary>
/// Checks a promotion from its own files (<see cref="PromotionBundle"/>) and from nothing else: the signatures of the record and of every approval, every hash, that the
/// criteria were fixed before the first judgement, and that evidence and criteria come to the decision when they are put together again.
/// </summary>
public static class PromotionVerification
{
    /// <param name="files">By path with forward slashes.</param>
    public static async Task<PromotionFindings> OfAsync(IReadOnlyDictionary<string, byte[]> files, TrustedKeys trusted, CancellationToken cancellationToken)
    {
        PromotionRecord record;
        Signature signature;
        try
        {
            record = Read<PromotionRecord>(files, PromotionBundle.RecordFile);
            signature = Read<Signature>(files, PromotionBundle.SignatureFile);
        }
        catch (InvalidDataException e)
        {
            return new(null, [e.Message]);
        }
        var (wrong, isWhole) = (new List<string>(), true);
        if (trusted.WhatIsWrong(files[PromotionBundle.RecordFile], signature) is { } unsigned) wrong.Add($"{PromotionBundle.RecordFile} {unsigned}.");
        wrong.AddRange(Approvals(record, trusted));

        var artifacts = new ArtifactStore(new TransientObjectStore());
        var parts = PromotionBundle.PartsOf(record);
        foreach (var (folder, artifact) in parts)
        {
            var own = files.Where(f => f.Key.StartsWith($"{folder}/", StringComparison.Ordinal)).ToDictionary(f => f.Key[(folder.Length + 1)..], f => f.Value);
            var put = await artifacts.PutAsync(artifact.Kind, own, cancellationToken);
            isWhole &= put == artifact;
            if (own.Count == 0) wrong.Add($"The folder {folder}/ is missing; expected the files of {artifact}.");
            else if (put != artifact) wrong.Add($"The files of {folder}/ are not those of {artifact}: their hash is {put.Sha256}.");
        }
        wrong.AddRange(files.Keys.Where(f => f is not (PromotionBundle.RecordFile or PromotionBundle.SignatureFile) && !parts.Any(p => f.StartsWith($"{p.Folder}/", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal).Select(f => $"{f} is no part of the promotion."));
        try
        {
            if (isWhole) wrong.AddRange(await DecisionAsync(artifacts, record, cancellationToken));
        }
        catch (Exception e) when (e is InvalidDataException or ArtifactNotFoundException)
        {
            wrong.Add(e.Message);
        }
        return new(record, wrong);
    }

    static IEnumerable<string> Approvals(PromotionRecord record, TrustedKeys trusted)
    {
        var request = new PromotionRequest(
            record.Id, record.Environment, record.Campaign, record.ComparedWith, record.Policy, record.Decision, record.Evidence, record.Criteria, record.ChampionBefore is null,
            record.RequestedBy, record.RequestedAt, record.ApprovalsAsked)
        { StartedBy = record.StartedBy };
        var id = PromotionRequest.IdOf(record.Environment, record.Campaign, record.ComparedWith, record.Policy, record.Decision);
        if (record.Id != id) yield return $"The record is of promotion {record.Id}, and what it says is promotion {id}.";
        if (record.ChampionBefore is { } before && before != record.ComparedWith) yield return $"The champion was {before.Short}, and the evidence was collected against {record.ComparedWith.Short}.";
        if (ApprovalRules.Objection(request, record.Approvals, trusted) is { } objection) yield return objection;
        if (record.Approvals.FirstOrDefault(a => !a.Approval.Approves) is { } no) yield return $"{no.Approval.Approver} rejected it: {no.Approval.Comment}";
        if (record.Approvals.Count(a => a.Approval.Approves) is var given && given < record.ApprovalsAsked) yield return $"{given} people have approved; expected {record.ApprovalsAsked}.";
        if (record.Approvals.FirstOrDefault(a => a.Approval.At > record.At + ApprovalRules.ClockTolerance) is { } late) yield return $"{late.Approval.Approver} approved at {late.Approval.At:u}, after the record of {record.At:u}.";
    }

    static async Task<IEnumerable<string>> DecisionAsync(ArtifactStore artifacts, PromotionRecord record, CancellationToken cancellationToken)
    {
        var decision = await artifacts.ReadJsonAsync<GateDecision>(record.Decision, GateDecision.File, cancellationToken);
        var said = (decision.Champion, decision.Challenger, decision.Evidence, decision.Criteria, decision.Measures, decision.ReportCard);
        if (said != (record.ComparedWith, record.Policy, record.Evidence, record.Criteria, record.Measures, record.ReportCard))
            return [$"{record.Decision.Short} is about {decision.Challenger.Short} against {decision.Champion.Short} by {decision.Evidence.Short} and {decision.Criteria.Short}, and the record about {record.Policy.Short} against {record.ComparedWith.Short} by {record.Evidence.Short} and {record.Criteria.Short}."];
        if (!CanonicalJson.Serialize(record.Figures).AsSpan().SequenceEqual(CanonicalJson.Serialize(PromotionFigures.Of(decision.Verdict)))) return [$"The record's figures are not those of {record.Decision.Short}."];
        return await DecisionCheck.WhatIsWrongAsync(artifacts, record.Decision, decision, record.Environment, cancellationToken) is { } wrong ? [wrong] : [];
    }

    static T Read<T>(IReadOnlyDictionary<string, byte[]> files, string name) where T : class =>
        files.TryGetValue(name, out var bytes) ? CanonicalJson.Deserialize<T>(bytes, name) : throw new InvalidDataException($"{name} is missing; expected a promotion's files: {PromotionBundle.RecordFile}, {PromotionBundle.SignatureFile} and the folders of what it rests on.");
}
