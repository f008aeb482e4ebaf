using System.Text.Json.Nodes;
using Rlhf.Pipeline.Gate;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Notifications;
using Rlhf.Steps.Running;

namespace Rlhf.Pipeline.Rounds;

sealed class ReportRoundStep : Step<ReportRound.Inputs, NoHParams, ReportRound.Outputs>
{
    const string Finished = "round.finished";

    public override StepDescription Description => ReportRound.Description;

    protected override async Task<StepResult> RunAsync(
        ReportRound.Inputs inputs, NoHParams hparams, StepContext context, CancellationToken cancellationToken)
    {
        var card = await context.Artifacts.ReadJsonAsync<RewardModelCard>(inputs.ReportCard, "card.json", cancellationToken);
        var decision = await context.Artifacts.ReadJsonAsync<GateDecision>(inputs.Decision, GateDecision.File, cancellationToken);
        var gold = inputs.Gold is null ? null : await context.Artifacts.ReadJsonAsync<GoldReport>(inputs.Gold, "gold.json", cancellationToken);
        await context.Names.RegisterAsync(Names.RewardModel, inputs.RewardModel, cancellationToken);
        var policy = await context.Names.RegisterAsync(Names.Policy, inputs.Challenger, cancellationToken);
        var axis = (await context.Artifacts.ReadCriteriaAsync(decision.Criteria, cancellationToken)).Axis;
        var (ratings, rated) = await PolicyRatings.AddAsync(context, inputs.Campaign, inputs.Round, inputs.Evidence, axis, cancellationToken);
        var report = new RoundReport(
            inputs.Round, card, inputs.ProxyBefore, inputs.ProxyAfter, inputs.SequenceKl, decision, gold,
            inputs.Champion, inputs.Challenger, inputs.RewardModel, inputs.Preferences, inputs.Evidence)
        { Ratings = ratings, ChampionRating = rated.Of(inputs.Champion), ChallengerRating = rated.Of(inputs.Challenger) };
        var artifact = await context.Artifacts.PutAsync(
            "report", new Dictionary<string, byte[]> { ["report.json"] = CanonicalJson.Serialize(report) }, cancellationToken);
        await KeepAsync(Aliases.Challenger(inputs.Campaign), inputs.Challenger, inputs, context, cancellationToken);
        await KeepAsync(Aliases.Preferences(inputs.Campaign), inputs.Preferences, inputs, context, cancellationToken);
        await KeepAsync(Aliases.RewardModel(inputs.Campaign), inputs.RewardModel, inputs, context, cancellationToken);
        if (inputs.EarlyPolicy is { } early) await KeepAsync(Aliases.EarlyPolicy(inputs.Campaign), early, inputs, context, cancellationToken);
        await SayAsync(inputs, policy, decision, context, cancellationToken);
        return Completed(new(artifact, ratings));
    }

    /// <summary>Tells others that the round is over, such as what starts a promotion; whether they hear it changes nothing of the round.</summary>
    static async Task SayAsync(ReportRound.Inputs inputs, NameVersion policy, GateDecision decision, StepContext context, CancellationToken cancellationToken)
    {
        var data = new JsonObject
        {
            ["campaign"] = inputs.Campaign,
            ["round"] = inputs.Round,
            ["champion"] = $"{inputs.Champion}",
            ["challenger"] = $"{inputs.Challenger}",
            ["policy"] = $"{Names.Policy}@{policy.Version}",
            ["decision"] = $"{inputs.Decision}",
            ["outcome"] = decision.Outcome,
            ["simulated"] = decision.Verdict.Simulated,
            ["instance"] = context.Execution.Instance,
            ["workflow"] = context.Execution.Workflow,
        };
        var notification = new Notification($"{context.Execution.Instance}-{context.Key[..16]}-round-finished", Finished, context.Time.GetUtcNow(), data);
        if (await context.Service<INotifications>(INotifications.Service).SendAsync(notification, cancellationToken)) return;
        await new UnsentNotifications(context.Artifacts.Objects).KeepAsync([notification], cancellationToken);
        context.Notice($"Not sent yet, since the notifications' receiver did not take it: {Finished}.");
    }

    /// <summary>The round's version of the name; a replay or a second attempt finds it written.</summary>
    static async Task KeepAsync(string name, ArtifactRef artifact, ReportRound.Inputs inputs, StepContext context, CancellationToken cancellationToken)
    {
        var history = await context.Aliases.HistoryAsync(name, cancellationToken);
        if (history.Any(v => v.Artifact == artifact)) return;
        var version = new AliasVersion(
            history is [.., var newest] ? newest.Version + 1 : 1, artifact, $"round {inputs.Round}", context.Time.GetUtcNow(), context.Execution.Instance);
        if (!await context.Aliases.TryAppendAsync(name, version, cancellationToken))
            throw new IOException($"Version {version.Version} of {name} was taken by another round that ended at the same time.");
    }
}
