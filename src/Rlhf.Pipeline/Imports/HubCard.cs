using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Imports;

/// <summary>
/// The model card of an exported policy: <c>README.md</c> in the format of the Hugging Face Hub, with metadata as YAML before the text. What it says comes from the
/// policy's promotion, where there was none from the gate's newest decision about it, and from the steps that made it; what is not known, such as a license or the Hub's name of the first model, is left out.
/// </summary>
static class HubCard
{
    public const string File = "README.md";

    static readonly JsonSerializerOptions Quoted = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What is known of a policy.</summary>
    sealed record Known(ArtifactRef Policy, Promotion? Promotion, ArtifactRef? DecisionRef, GateDecision? Decision, IReadOnlyList<StepRecord> MadeBy)
    {
        public IReadOnlyList<ArtifactRef> Parts(params string[] kinds) =>
            [.. MadeBy.SelectMany(r => ArtifactRefs.In(r.Inputs)).Where(a => kinds.Contains(a.Kind)).Distinct().OrderBy(a => a.ToString(), StringComparer.Ordinal)];
    }

    public static async Task<string> OfAsync(ArtifactStore artifacts, ArtifactRef policy, CancellationToken cancellationToken)
    {
        var records = await new StepRecords(artifacts.Objects).ListAsync(cancellationToken);
        // A policy may be champion of several environments; the card tells of the last time.
        var promotion = (await new PromotionStore(artifacts.Objects).ListAsync(cancellationToken))
            .Where(p => p is { State: PromotionState.Promoted, Record: not null } && p.Request.Challenger == policy).MaxBy(p => p.Became!.At);
        var reference = promotion?.Request.Decision ?? records.Where(r => r.Step == nameof(DecideGate) && $"{r.Inputs["challenger"]}" == policy.ToString())
            .OrderBy(r => r.FinishedAt).Select(r => ArtifactRef.Parse($"{r.Outputs["decision"]}")).LastOrDefault();
        var decision = reference is null ? null : await artifacts.ReadJsonAsync<GateDecision>(reference, GateDecision.File, cancellationToken);
        // Promotions only name the policy.
        List<StepRecord> madeBy = [.. new Lineage(records).Upstream(policy).Select(s => s.Record).Where(r => r.Step is not (nameof(PreparePromotion) or nameof(PromoteChallenger)))];
        var known = new Known(policy, promotion, reference, decision, madeBy);
        return $"---\n{Metadata(known)}---\n\n{Text(known)}";
    }

    static string Metadata(Known known)
    {
        var yaml = new StringBuilder();
        yaml.Append("library_name: transformers\npipeline_tag: text-generation\n");
        List(yaml, "tags", Tags(known));
        List(yaml, "datasets", known.Parts("prompts", "preferences").Select(a => a.ToString()));
        if (known.Decision is { Verdict: { WinRate: { } rate } verdict } decision)
        {
            yaml.Append($"model-index:\n- name: {Yaml(known.Policy.ToString())}\n  results:\n  - task:\n      type: text-generation\n    dataset:\n");
            yaml.Append($"      name: {Yaml($"Held-out prompts, judged blind{JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare)}")}\n      type: {Yaml(decision.Evidence.ToString())}\n    metrics:\n");
            Metric(yaml, "win_rate", $"Win rate against {decision.Champion.Short}", rate, verdict);
            if (verdict.LowerBound is { } lower) Metric(yaml, "win_rate_lower_bound", $"Lower bound of its {Percent(verdict.Confidence)} always-valid interval", lower, verdict);
            if (verdict.UpperBound is { } upper) Metric(yaml, "win_rate_upper_bound", "Upper bound of the same", upper, verdict);
        }
        return yaml.ToString();
    }

    static IEnumerable<string> Tags(Known known)
    {
        if (known.MadeBy.Any(r => r.Step == nameof(TrainPolicy)))
        {
            yield return "rlhf";
            yield return "ppo";
        }
        if (known.Decision?.Verdict.Simulated == true) yield return "simulated-judgements";
        if (known.Decision?.Verdict.JudgeShare is not null) yield return "ai-judge";
    }

    static void List(StringBuilder yaml, string name, IEnumerable<string> items)
    {
        var all = items.ToList();
        if (all.Count == 0) return;
        yaml.Append($"{name}:\n");
        foreach (var item in all) yaml.Append($"- {Yaml(item)}\n");
    }

    static void Metric(StringBuilder yaml, string type, string name, double value, GateVerdict verdict) =>
        yaml.Append($"    - type: {type}\n      name: {Yaml($"{name}{JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare)}")}\n      value: {Number(value)}\n      verified: false\n");

    static string Text(Known known)
    {
        var text = new StringBuilder($"# {known.Policy.Short}\n\n");
        text.Append(known switch
        {
            { Promotion: { Request: var request, Became: { } became } } =>
                $"Version {became.Version} of the champion of campaign `{request.Campaign}` in `{request.Environment}`, since {became.At.UtcDateTime:yyyy-MM-dd HH:mm} UTC.",
            { Decision: { } decided } => $"Never promoted; the gate's newest decision about it is **{decided.Outcome}**.",
            _ => "Never promoted, and no gate has decided about it.",
        });
        text.Append("\n\n");
        if (known.Decision is { } decision) Decision(text, decision, known.DecisionRef!);
        if (known.Promotion is { Record: { Record: var record, Signature: var signature }, Became: { } now }) Record(text, record, signature, now.Reason);
        text.Append("## What it was made from\n\n");
        if (known.MadeBy.Count == 0) text.Append("No step of the store made it; it was imported.\n");
        else
        {
            text.Append("| What | Reference |\n|---|---|\n");
            text.Append($"| policy | `{known.Policy}` |\n");
            foreach (var part in known.Parts("policy", "reward-model", "preferences", "prompts")) text.Append($"| {part.Kind} | `{part}` |\n");
            text.Append($"| steps | {string.Join(", ", known.MadeBy.Select(r => r.Step).Distinct())} |\n");
            text.Append($"| versions of the product | {string.Join(", ", known.MadeBy.Select(r => r.ProductVersion).Distinct().Order(StringComparer.Ordinal))} |\n");
        }
        text.Append("\nNothing is known here of a license, of intended uses, or of limits beyond these figures.\n");
        return text.ToString();
    }

    static void Decision(StringBuilder text, GateDecision decision, ArtifactRef reference)
    {
        var verdict = decision.Verdict;
        if (verdict.Simulated) text.Append("**The judgements are simulated: nothing here says what people prefer.**\n\n");
        if (verdict.JudgeShare is { } share) text.Append($"**{(share == 1 ? "The judgements are an AI judge's" : $"Of the judgements {Percent(share)} are an AI judge's")}.**\n\n");
        text.Append("## What the gate decided\n\n");
        text.Append(verdict is { WinRate: { } rate, LowerBound: { } lower, UpperBound: { } upper }
            ? $"Win rate{JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare)} {Number(rate)} against `{decision.Champion.Short}` on {verdict.Prompts} held-out prompts, {Percent(verdict.Confidence)} always-valid interval {Number(lower)} to {Number(upper)}: "
            : "No win rate: ");
        text.Append($"{verdict.Wins} judgements for it, {verdict.Losses} against, {verdict.Ties} ties, by {verdict.Labelers} labelers. {verdict.Reason}\n\n");
        text.Append("| Criterion | State | Figure | Threshold | Why |\n|---|---|---|---|---|\n");
        foreach (var criterion in verdict.Criteria)
            text.Append($"| {Cell(criterion.Name)} | {criterion.State switch { CriterionState.Holds => "holds", CriterionState.Fails => "fails", _ => "not evaluable" }} | {(criterion.Value is { } value ? Number(value) : "")} | {(criterion.Threshold is { } threshold ? Number(threshold) : "")} | {Cell(criterion.Reason)} |\n");
        text.Append($"\nDecision `{reference}`, evidence `{decision.Evidence}`, criteria `{decision.Criteria}`.\n\n");
    }

    static void Record(StringBuilder text, PromotionRecord record, Signature signature, string reference)
    {
        text.Append("## Promotion\n\n");
        text.Append($"Asked for by {Cell(record.RequestedBy ?? "nobody named")} at {Time(record.RequestedAt)}{(record.StartedBy.Count > 0 ? $"; the round was started by {string.Join(", ", record.StartedBy.Select(Cell))}" : "")}");
        text.Append(record.ApprovalsAsked == 0 ? "; nobody had to approve.\n\n" : $"; {record.ApprovalsAsked} had to approve.\n\n");
        foreach (var approval in record.Approvals.Select(a => a.Approval))
            text.Append($"- {Cell(approval.Approver)} approved at {Time(approval.At)}{(approval.Comment.Length > 0 ? $": {Cell(approval.Comment)}" : "")}\n");
        if (record.Approvals.Count > 0) text.Append('\n');
        text.Append($"Record `{reference}`, signed with key `{signature.KeyId}` (`rlhf promotions verify`).\n\n");
        if (record.Lineage.Guidelines.Count > 0) text.Append($"Guidelines of its labelers: {string.Join(", ", record.Lineage.Guidelines.Select(Cell))}.\n\n");
        if (record.Lineage.Constitutions.Count > 0) text.Append($"Constitutions of its AI judges: {string.Join(", ", record.Lineage.Constitutions.Select(Cell))}.\n\n");
    }

    // A JSON string is a YAML string.
    static string Yaml(string text) => JsonSerializer.Serialize(text, Quoted);

    // Names and comments are people's: no link, image or markup of theirs.
    static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("[", "\\[", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal);

    static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    static string Percent(double share) => $"{(100 * share).ToString("0.##", CultureInfo.InvariantCulture)} %";

    static string Time(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm} UTC";
}
