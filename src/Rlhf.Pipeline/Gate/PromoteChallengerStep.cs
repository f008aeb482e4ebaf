using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Gate;

sealed class PromoteChallengerStep : Step<PromoteChallenger.Inputs, NoHParams, PromoteChallenger.Outputs>
{
    public override StepDescription Description => PromoteChallenger.Description;

    protected override async Task<StepResult> RunAsync(
        PromoteChallenger.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var decision = await context.Artifacts.ReadJsonAsync<GateDecision>(inputs.Decision, "decision.json", cancellationToken);
        if (decision.Outcome != "Promote") return Refused($"{inputs.Decision.Short} says {decision.Outcome}, not Promote.");
        if (decision.Challenger != inputs.Challenger || decision.Champion != inputs.Champion)
            return Refused($"{inputs.Decision.Short} compares {decision.Challenger.Short} with {decision.Champion.Short}, not {inputs.Challenger.Short} with {inputs.Champion.Short}.");
        if (inputs.Challenger == inputs.Champion) return Refused($"The challenger {inputs.Challenger.Short} is the champion itself.");

        // One create-only write; a replay of the same decision finds what the first run wrote.
        var name = Aliases.Champion(inputs.Campaign);
        var reason = inputs.Decision.ToString();
        var history = await context.Aliases.HistoryAsync(name, cancellationToken);
        if (history.FirstOrDefault(v => v.Reason == reason) is { } done) return Completed(new(done.Version));
        if (history is not [.., var current] || current.Artifact != inputs.Champion)
            return Refused($"The champion of {inputs.Campaign} is no longer {inputs.Champion.Short}; the evidence was collected against it.");
        var next = new AliasVersion(current.Version + 1, inputs.Challenger, reason, context.Time.GetUtcNow(), context.Execution.Instance);
        return await context.Aliases.TryAppendAsync(name, next, cancellationToken)
            ? Completed(new(next.Version))
            : Refused($"Version {next.Version} of {name} was taken by another promotion.");
    }

    static StepResult.Failed Refused(string reason) => new($"Promotion refused: {reason}", Transient: false);
}
