using Rlhf.Steps.Judging;
using Rlhf.Steps.Promotions;

namespace Rlhf.Cli.Promotions;

/// <summary>Promotions in lines for people.</summary>
static class PromotionText
{
    public static void Record(PromotionRecord record)
    {
        var figures = record.Figures;
        Console.Out.WriteLine($"  {record.Policy} became version {record.Version} of the champion of {record.Campaign} in '{record.Environment}'{(record.ChampionBefore is { } before ? $", after {before.Short}" : ", its first")}");
        Console.Out.WriteLine($"  decision:    {record.Decision}: {record.Reason}{JudgedBy.Mark(figures.Simulated, figures.JudgeShare)}");
        Console.Out.WriteLine($"  evidence:    {record.Evidence}: {figures.Judgements} judgements of {figures.Prompts} prompts by {figures.Labelers} labelers, {figures.Wins} won, {figures.Losses} lost, {figures.Ties} ties; win rate {figures.WinRate:0.000} [{figures.LowerBound:0.000}, {figures.UpperBound:0.000}] against {record.ComparedWith.Short}");
        Console.Out.WriteLine($"  criteria:    {record.Criteria}");
        Console.Out.WriteLine($"  asked for:   {record.RequestedBy ?? "by nobody known"} at {record.RequestedAt:yyyy-MM-dd HH:mm:ss} UTC{Starters(record.StartedBy)}");
        Approvals(record.Approvals, record.ApprovalsAsked);
        var lineage = record.Lineage;
        Console.Out.WriteLine($"  made from:   {string.Join(", ", lineage.RewardModels.Concat(lineage.Preferences).Concat(lineage.Prompts).Select(r => r.Short))}{Named("; guidelines", lineage.Guidelines)}{Named("; constitutions", lineage.Constitutions)}{Named("; by versions", lineage.Products)}");
    }

    public static string Starters(IReadOnlyList<string> names) => names.Count == 0 ? "" : $"; round started by {string.Join(", ", names)}";

    public static void Approvals(IReadOnlyList<SignedApproval> approvals, int asked)
    {
        Console.Out.WriteLine($"  approvals:   {approvals.Count(a => a.Approval.Approves)} of {asked}");
        foreach (var (approval, signature) in approvals)
            Console.Out.WriteLine($"    {approval.Approver} {(approval.Approves ? "approved" : "rejected")} at {approval.At:yyyy-MM-dd HH:mm:ss} UTC{(approval.Comment.Length > 0 ? $": {approval.Comment}" : "")} (key {signature.KeyId})");
    }

    static string Named(string what, IReadOnlyList<string> names) => names.Count == 0 ? "" : $"{what} {string.Join(", ", names)}";
}
