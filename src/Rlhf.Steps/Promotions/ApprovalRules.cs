using Rlhf.Steps.Json;

namespace Rlhf.Steps.Promotions;

/// <summary>Whose word on a promotion counts.</summary>
public static class ApprovalRules
{
    const int LongestName = 120, LongestComment = 10_000;

    /// <summary>Clocks of two machines may differ by so much.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>Null where the word counts; otherwise why it does not.</summary>
    public static string? Objection(PromotionRequest request, Approval approval) =>
        approval.Promotion != request.Id ? $"{Of(approval)} is about promotion {approval.Promotion}, not {request.Id}."
        : approval.Evidence != request.Evidence ? $"{Of(approval)} was given on {approval.Evidence.Short}, and promotion {request.Id} rests on {request.Evidence.Short}: an approval counts for the evidence it was given on, and no other."
        : string.IsNullOrWhiteSpace(approval.Approver) || approval.Approver.Length > LongestName ? $"The approver's name has {approval.Approver.Length} characters; expected 1 to {LongestName}."
        : Same(approval.Approver, request.RequestedBy) ? $"{approval.Approver} asked for promotion {request.Id}; expected the word of somebody else."
        : request.StartedBy.Any(s => Same(approval.Approver, s)) ? $"{approval.Approver} started the round that promotion {request.Id} comes from; expected the word of somebody else."
        : approval.IsLocal && request.Approvals > 1
            ? $"{Of(approval)} came from a machine without accounts, where nobody can tell two people apart; promotion {request.Id} needs {request.Approvals} different people, who sign in at rlhf serve."
        : approval.Comment.Length > LongestComment ? $"The comment has {approval.Comment.Length} characters; expected at most {LongestComment}."
        : !approval.Approves && string.IsNullOrWhiteSpace(approval.Comment) ? "A rejection needs a reason; the comment is empty."
        : approval.At < request.At - ClockTolerance ? $"{Of(approval)} is of {Time(approval.At)}, before the promotion was asked for at {Time(request.At)}: the clock was set back."
        : null;

    /// <summary>Null where all of these words are in order: signed with a trusted key, about this promotion and its evidence, by different people who did not ask for it.</summary>
    public static string? Objection(PromotionRequest request, IReadOnlyList<SignedApproval> approvals, TrustedKeys trusted)
    {
        foreach (var signed in approvals)
        {
            if (trusted.WhatIsWrong(CanonicalJson.Serialize(signed.Approval), signed.Signature) is { } wrong) return $"{Of(signed.Approval)} {wrong}.";
            if (Objection(request, signed.Approval) is { } objection) return objection;
        }
        return approvals.GroupBy(a => FileOf(a.Approval.Approver)).FirstOrDefault(g => g.Skip(1).Any()) is { } twice
            ? $"{twice.First().Approval.Approver} is counted {twice.Count()} times among the approvers of promotion {request.Id}; expected different people."
            : null;
    }

    /// <summary>The file of an approver's word: upper and lower case are one person.</summary>
    public static string FileOf(string approver) => $"{Uri.EscapeDataString(approver.ToLowerInvariant())}.json";

    static bool Same(string approver, string? requestedBy) => requestedBy is not null && FileOf(approver) == FileOf(requestedBy);

    static string Of(Approval approval) => $"The {(approval.Approves ? "approval" : "rejection")} of {approval.Approver}";

    static string Time(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC";
}
