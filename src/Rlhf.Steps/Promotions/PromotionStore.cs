using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Json;

namespace Rlhf.Steps.Promotions;

/// <summary>What became of somebody's word: kept, or refused with a sentence.</summary>
public sealed record ApprovalAnswer(SignedApproval? Kept, string? Refusal);

/// <summary>
/// The promotions of a store, below <c>promotions/environment/id/</c>: each object is written once and never changed, so that whoever does again what was done
/// finds what there is.
/// </summary>
public sealed class PromotionStore(IObjectStore objects)
{
    /// <summary>What the name of the event begins with, before the promotion's id, that lets go on what waits for its approvals.</summary>
    public const string EventPrefix = "promotion:";

    const string Root = "promotions/", RequestFile = "request.json", RecordFile = "record.json", RefusalFile = "refusal.json", ApprovalsFolder = "approvals/";

    /// <summary>Keeps the request; where the same promotion was asked for before, that is the answer.</summary>
    public async Task<PromotionRequest> RequestAsync(PromotionRequest request, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(Name(request, RequestFile), CanonicalJson.Serialize(request), cancellationToken)
            ? request
            : (await FindRequestAsync(request.Environment, request.Id, cancellationToken))!;

    /// <summary>Null where there is none.</summary>
    public Task<PromotionRequest?> FindRequestAsync(string environment, string id, CancellationToken cancellationToken) =>
        ReadAsync<PromotionRequest>($"{Root}{environment}/{id}/{RequestFile}", cancellationToken);

    /// <summary>A promotion by its id or the first digits of it, in any environment.</summary>
    /// <exception cref="ArgumentException">There is none, or there are several.</exception>
    public async Task<Promotion> GetAsync(string id, CancellationToken cancellationToken)
    {
        var found = id.Length < 4 ? throw new ArgumentException($"'{id}' is no promotion; expected its id or the first 4 digits and more (rlhf promotions list).")
            : (await RequestsAsync(cancellationToken)).Where(r => r.Id.StartsWith(id, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var only] => await OfAsync(only, cancellationToken),
            [] => throw new ArgumentException($"There is no promotion '{id}' in this store (rlhf promotions list)."),
            _ => throw new ArgumentException($"'{id}' is not clear: {string.Join(", ", found.Select(r => r.Id))} begin so; expected more digits."),
        };
    }

    /// <summary>All promotions, the newest first.</summary>
    public async Task<IReadOnlyList<Promotion>> ListAsync(CancellationToken cancellationToken)
    {
        var promotions = new List<Promotion>();
        foreach (var request in (await RequestsAsync(cancellationToken)).OrderByDescending(r => r.At).ThenBy(r => r.Id, StringComparer.Ordinal))
            promotions.Add(await OfAsync(request, cancellationToken));
        return promotions;
    }

    /// <summary>All that is known of a promotion. Signatures are not checked: who acts on it does (<see cref="ApprovalRules"/>).</summary>
    public async Task<Promotion> OfAsync(PromotionRequest request, CancellationToken cancellationToken)
    {
        var approvals = await ApprovalsAsync(request, cancellationToken);
        var (record, refusal) = (await RecordOfAsync(request, cancellationToken), await RefusalOfAsync(request, cancellationToken));
        var history = await new Aliases(objects, request.Environment).HistoryAsync(Aliases.Champion(request.Campaign), cancellationToken);
        var became = history.FirstOrDefault(v => v.Promotion == request.Id);
        // A record whose version became something else, before anybody could write that down.
        var isOvertaken = record is not null && history.Any(v => v.Version == record.Record.Version);
        var state = became is not null ? PromotionState.Promoted
            : refusal is not null || isOvertaken || approvals.Any(a => !a.Approval.Approves) ? PromotionState.Refused
            : approvals.Count >= request.Approvals ? PromotionState.Approved : PromotionState.Waiting;
        return new(request, approvals, record, refusal, became, state);
    }

    /// <summary>Keeps an approver's word, signed; a second word of the same approver, and one that the rules do not take, is refused.</summary>
    public async Task<ApprovalAnswer> ApproveAsync(PromotionRequest request, Approval approval, ISigner signer, CancellationToken cancellationToken)
    {
        if (ApprovalRules.Objection(request, approval) is { } objection) return new(null, objection);
        var promotion = await OfAsync(request, cancellationToken);
        if (promotion.State is PromotionState.Promoted or PromotionState.Refused)
            return new(null, $"Promotion {request.Id} is over: it was {(promotion.State == PromotionState.Promoted ? $"promoted as version {promotion.Became!.Version}" : "refused")}.");
        var signed = new SignedApproval(approval, await signer.SignedAsync(approval, cancellationToken));
        var name = Name(request, ApprovalsFolder + ApprovalRules.FileOf(approval.Approver));
        if (await objects.TryCreateAsync(name, CanonicalJson.Serialize(signed), cancellationToken)) return new(signed, null);
        var first = (await ReadAsync<SignedApproval>(name, cancellationToken))!.Approval;
        return new(null, $"{approval.Approver} has {(first.Approves ? "approved" : "rejected")} promotion {request.Id} already, at {first.At:yyyy-MM-dd HH:mm:ss} UTC; the first word stands.");
    }

    /// <summary>As they are kept, in the order of their times.</summary>
    public async Task<IReadOnlyList<SignedApproval>> ApprovalsAsync(PromotionRequest request, CancellationToken cancellationToken)
    {
        var approvals = new List<SignedApproval>();
        foreach (var name in await objects.ListAsync(Name(request, ApprovalsFolder), cancellationToken))
        {
            if (await ReadAsync<SignedApproval>(name, cancellationToken) is not { Approval: { Approver.Length: > 0 } approval, Signature: not null } signed || Path.GetFileName(name) != ApprovalRules.FileOf(approval.Approver))
                throw new InvalidDataException($"'{name}' is no approval of the approver whose name it has; the store was changed from outside.");
            approvals.Add(signed);
        }
        return [.. approvals.OrderBy(a => a.Approval.At).ThenBy(a => a.Approval.Approver, StringComparer.Ordinal)];
    }

    /// <summary>Keeps the record; where there is one already, that is the answer.</summary>
    public async Task<SignedPromotion> RecordAsync(SignedPromotion promotion, CancellationToken cancellationToken)
    {
        var name = $"{Root}{promotion.Record.Environment}/{promotion.Record.Id}/{RecordFile}";
        return await objects.TryCreateAsync(name, CanonicalJson.Serialize(promotion), cancellationToken) ? promotion : (await ReadAsync<SignedPromotion>(name, cancellationToken))!;
    }

    /// <summary>Null where there is none yet.</summary>
    public Task<SignedPromotion?> RecordOfAsync(PromotionRequest request, CancellationToken cancellationToken) => ReadAsync<SignedPromotion>(Name(request, RecordFile), cancellationToken);

    /// <summary>Ends the promotion for good; where it has ended so already, that is the answer.</summary>
    public async Task<PromotionRefusal> RefuseAsync(PromotionRequest request, PromotionRefusal refusal, CancellationToken cancellationToken) =>
        await objects.TryCreateAsync(Name(request, RefusalFile), CanonicalJson.Serialize(refusal), cancellationToken) ? refusal : (await RefusalOfAsync(request, cancellationToken))!;

    /// <summary>Null where it has not ended so.</summary>
    public Task<PromotionRefusal?> RefusalOfAsync(PromotionRequest request, CancellationToken cancellationToken) => ReadAsync<PromotionRefusal>(Name(request, RefusalFile), cancellationToken);

    async Task<List<PromotionRequest>> RequestsAsync(CancellationToken cancellationToken)
    {
        var requests = new List<PromotionRequest>();
        foreach (var name in (await objects.ListAsync(Root, cancellationToken)).Where(n => n.Split('/') is [_, _, _, RequestFile]))
            requests.Add((await ReadAsync<PromotionRequest>(name, cancellationToken))!);
        return requests;
    }

    async Task<T?> ReadAsync<T>(string name, CancellationToken cancellationToken) where T : class =>
        await objects.ReadAsync(name, cancellationToken) is { } bytes ? CanonicalJson.Deserialize<T>(bytes, name) : null;

    static string Name(PromotionRequest request, string file) => $"{Root}{request.Environment}/{request.Id}/{file}";
}

public static class SignerExtensions
{
    /// <summary>The signature of a record's canonical JSON.</summary>
    public static async Task<Signature> SignedAsync<T>(this ISigner signer, T record, CancellationToken cancellationToken) =>
        new(signer.KeyId, signer.PublicKeyPem, Convert.ToBase64String(await signer.SignAsync(CanonicalJson.Serialize(record), cancellationToken)));
}
