using System.Text.Json.Nodes;
using Rlhf.Pipeline.Gate;
using Rlhf.Pipeline.Rewards;
using Rlhf.Reports.Rounds;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Json;
using Rlhf.Steps.Labeling;
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
        var card = await context.Artifacts.ReadJsonAsync<RewardModelCard>(inputs.ReportCard, ReportCards.File, cancellationToken);
        var second = await SecondAsync(inputs, context.Artifacts, cancellationToken);
        var decision = await context.Artifacts.ReadJsonAsync<GateDecision>(inputs.Decision, GateDecision.File, cancellationToken);
        var gold = inputs.Gold is null ? null : await context.Artifacts.ReadJsonAsync<GoldReport>(inputs.Gold, "gold.json", cancellationToken);
        await context.Names.RegisterAsync(Names.RewardModel, inputs.RewardModel, cancellationToken);
        if (second is not null) await context.Names.RegisterAsync(Names.RewardModel, second.RewardModelRef, cancellationToken);
        var policy = await context.Names.RegisterAsync(Names.Policy, inputs.Challenger, cancellationToken);
        var axis = (await context.Artifacts.ReadCriteriaAsync(decision.Criteria, cancellationToken)).Axis;
        var (ratings, rated) = await PolicyRatings.AddAsync(context, inputs.Campaign, inputs.Round, inputs.Evidence, axis, cancellationToken);
        var report = new RoundReport(
            inputs.Round, card, inputs.ProxyBefore, inputs.ProxyAfter, inputs.SequenceKl, decision, gold,
            inputs.Champion, inputs.Challenger, inputs.RewardModel, inputs.Preferences, inputs.Evidence)
        { Ratings = ratings, ChampionRating = rated.Of(inputs.Champion), ChallengerRating = rated.Of(inputs.Challenger), Second = second, Overoptimization = inputs.Overoptimization };
        var records = await new StepRecords(context.Artifacts.Objects).ListAsync(cancellationToken);
        var material = await new RoundReader(context.Artifacts).ReadAsync(inputs, report, records, cancellationToken);
        var artifact = await context.Artifacts.PutAsync(RoundReport.Kind, new Dictionary<string, byte[]>
        {
            [RoundReport.File] = CanonicalJson.Serialize(report),
            [RoundReport.Page] = RoundDocument.Write(material),
        }, cancellationToken);
        var handOver = new HandOver(context, inputs.Round);
        await handOver.KeepAsync(Aliases.Challenger(inputs.Campaign), inputs.Challenger, cancellationToken);
        await handOver.KeepAsync(inputs.Campaign, inputs.Axis ?? JudgementLine.DefaultAxis, inputs.Preferences, inputs.RewardModel, cancellationToken);
        if (second is not null) await handOver.KeepAsync(inputs.Campaign, second.Axis, second.Preferences, second.RewardModelRef, cancellationToken);
        if (inputs.EarlyPolicy is { } early) await handOver.KeepAsync(Aliases.EarlyPolicy(inputs.Campaign), early, cancellationToken);
        await SayAsync(inputs, policy, decision, context, cancellationToken);
        return Completed(new(artifact, ratings));
    }

    /// <exception cref="ArgumentException">Some of what belongs to a second axis is given, and some is not.</exception>
    static async Task<SecondAxis?> SecondAsync(ReportRound.Inputs inputs, ArtifactStore artifacts, CancellationToken cancellationToken)
    {
        (string Name, bool IsGiven)[] given =
        [
            ("secondAxis", inputs.SecondAxis is not null), ("secondPreferences", inputs.SecondPreferences is not null),
            ("secondRewardModel", inputs.SecondRewardModel is not null), ("secondReportCard", inputs.SecondReportCard is not null),
        ];
        if (given.All(g => !g.IsGiven)) return null;
        if (given.FirstOrDefault(g => !g.IsGiven) is { Name: { } missing })
            throw new ArgumentException($"'{missing}' is missing and '{given.First(g => g.IsGiven).Name}' is given; expected all four of a second axis, or none.");
        var card = await artifacts.ReadJsonAsync<RewardModelCard>(inputs.SecondReportCard!, ReportCards.File, cancellationToken);
        return new(inputs.SecondAxis!, card, inputs.SecondRewardModel!, inputs.SecondPreferences!);
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
}
