using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Promotions;
using Rlhf.Steps.Provenance;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Promotions;

/// <summary>Everything that must hold before anybody is asked to approve, and again before the record is made.</summary>
static class PromotionChecks
{
    /// <summary>Null where all is well; otherwise the first thing that is wrong, in a sentence.</summary>
    public static async Task<string?> WhatIsWrongAsync(
        PromoteChallenger.Inputs inputs, string environment, GateDecision decision, AliasVersion? champion, PromotionRequest? request, StepContext context, CancellationToken cancellationToken)
    {
        var now = context.Time.GetUtcNow() + ApprovalRules.ClockTolerance;
        if (request is not null && now < request.At) return SetBack($"the promotion was asked for at {request.At:u}", context);
        if (champion is not null && now < champion.At) return SetBack($"the champion of {inputs.Campaign} was set at {champion.At:u}", context);
        if ((decision.Champion, decision.Challenger) != (inputs.Champion, inputs.Challenger))
            return $"{inputs.Decision.Short} compares {decision.Challenger.Short} with {decision.Champion.Short}, not {inputs.Challenger.Short} with {inputs.Champion.Short}.";
        if (await DecisionCheck.WhatIsWrongAsync(context.Artifacts, inputs.Decision, decision, environment, cancellationToken) is { } wrong) return wrong;
        if (champion is not null && champion.Artifact == inputs.Challenger) return $"The challenger {inputs.Challenger.Short} is the champion of {inputs.Campaign} in '{environment}' already (version {champion.Version}: {champion.Reason}).";
        if (champion is not null && champion.Artifact != inputs.Champion)
            return $"The champion of {inputs.Campaign} in '{environment}' is no longer {inputs.Champion.Short} but {champion.Artifact.Short} (version {champion.Version}, {By(champion)}); the evidence was collected against another one.";
        // The first champion of an environment; a mistyped campaign would have one too.
        if (champion is null && !await ExistsAsync(inputs, context, cancellationToken))
            return $"{inputs.Champion.Short} was never a champion of a campaign {inputs.Campaign} in this store, so it is not known what the evidence was collected against.";
        return Provenance(await Lineage.ReadAsync(context.Artifacts.Objects, cancellationToken), inputs);
    }

    /// <summary>Who started the instances that made the challenger and the decision, in ordinal order; what nobody known started names nobody.</summary>
    public static async Task<IReadOnlyList<string>> StartersAsync(PromoteChallenger.Inputs inputs, StepContext context, CancellationToken cancellationToken)
    {
        var lineage = await Lineage.ReadAsync(context.Artifacts.Objects, cancellationToken);
        return [.. lineage.MakersOf(inputs.Challenger).Where(Makes).Concat(lineage.MakersOf(inputs.Decision)).Select(r => r.StartedBy).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>For people: who set a champion.</summary>
    public static string By(AliasVersion version) =>
        version.Promotion is { } promotion ? $"promotion {promotion}{(version.Instance.Length > 0 ? $" of instance {version.Instance}" : "")}" : version.Reason;

    static async Task<bool> ExistsAsync(PromoteChallenger.Inputs inputs, StepContext context, CancellationToken cancellationToken)
    {
        var environments = (await context.Artifacts.Objects.ListAsync("aliases/", cancellationToken)).Select(n => n.Split('/')[1]).Distinct();
        foreach (var environment in environments)
        {
            if ((await new Aliases(context.Artifacts.Objects, environment).HistoryAsync(Aliases.Champion(inputs.Campaign), cancellationToken)).Any(v => v.Artifact == inputs.Champion)) return true;
        }
        return false;
    }

    /// <summary>What no step of this store made may have been put there by anybody.</summary>
    static string? Provenance(Lineage lineage, PromoteChallenger.Inputs inputs) =>
        !lineage.MakersOf(inputs.Challenger).Any(Makes) ? $"Nothing is known of where {inputs.Challenger.Short} came from: no step of this store made it (rlhf artifacts lineage {inputs.Challenger})."
        : lineage.MakersOf(inputs.Decision).All(r => r.Step != nameof(DecideGate)) ? $"{inputs.Decision.Short} was decided by no gate of this store."
        : null;

    // Steps that only name a policy, such as the one that looks up what is to be promoted, have not made it.
    static bool Makes(StepRecord record) => PipelineSteps.All.FirstOrDefault(s => s.Description.Name == record.Step) is not { Description.Kind: StepKind.Effectful };

    static string SetBack(string what, StepContext context) => $"It is {context.Time.GetUtcNow():u} by this clock, and {what}: the clock was set back.";
}
