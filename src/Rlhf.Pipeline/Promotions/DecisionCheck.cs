using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;

namespace Rlhf.Pipeline.Promotions;

/// <summary>Whether a decision allows a promotion, from its evidence and criteria and from nothing else: in a store, or from a promotion's own files a year later.</summary>
static class DecisionCheck
{
    /// <summary>Null where it does; otherwise why not, in a sentence.</summary>
    /// <exception cref="InvalidDataException">Something was changed: a file does not match its hash.</exception>
    /// <exception cref="ArtifactNotFoundException">Something is missing.</exception>
    public static async Task<string?> WhatIsWrongAsync(ArtifactStore artifacts, ArtifactRef reference, GateDecision decision, string environment, CancellationToken cancellationToken)
    {
        var subject = await artifacts.ReadSubjectAsync(decision.Evidence, cancellationToken);
        if (subject.Criteria != decision.Criteria || subject.IsExploratory || decision.IsExploratory)
            return $"{reference.Short} decides by {decision.Criteria.Short}, and {(subject.Criteria != decision.Criteria ? $"{subject.Criteria.Short} was fixed before the first judgement" : "some judgements were collected under other criteria")}: the evidence is exploratory and promotes nothing.";
        if (decision.Outcome != GateVerdict.Promote) return $"{reference.Short} says {decision.Outcome}, not Promote: {decision.Verdict.Reason}";
        if ((subject.Champion, subject.Challenger) != (decision.Champion, decision.Challenger))
            return $"{decision.Evidence.Short} is about {subject.Challenger.Short} against {subject.Champion.Short}, and {reference.Short} about {decision.Challenger.Short} against {decision.Champion.Short}.";
        if (decision.Challenger == decision.Champion) return $"The challenger {decision.Challenger.Short} is the champion itself.";
        var simulated = (await artifacts.ReadEvidenceAsync(decision.Evidence, cancellationToken)).SelectMany(e => e.Judgements).Count(j => j.Simulated || j.Kind == LabelerKind.Simulated);
        if (simulated > 0 && environment != Aliases.Sandbox)
            return $"{simulated} judgements of {decision.Evidence.Short} are by simulated labelers, whose evidence opens the gates of the environment '{Aliases.Sandbox}' only, not '{environment}'.";
        var again = await artifacts.DecideAgainAsync(decision, cancellationToken);
        return VerdictComparison.Difference(decision.Verdict, again) is { } difference
            ? $"{reference.Short} does not follow from its evidence and criteria: {difference}."
            : null;
    }
}
