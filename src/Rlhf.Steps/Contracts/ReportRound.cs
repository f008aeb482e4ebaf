using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Closes a round: one report with every figure and its artifacts, and the names that the next round starts from.</summary>
public static class ReportRound
{
    public sealed record Inputs(
        [property: Description("Campaign of the round.")] string Campaign,
        [property: Description("Number of the round.")] int Round,
        [property: Description("Champion before the round.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Preference pairs of all rounds.")] ArtifactRef Preferences,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Report card of the reward model.")] ArtifactRef ReportCard,
        [property: Description("Evidence of the gate.")] ArtifactRef Evidence,
        [property: Description("Decision of the gate.")] ArtifactRef Decision,
        [property: Description("Sequence KL to the reference, in nats.")] double SequenceKl,
        [property: Description("Proxy score before PPO.")] double ProxyBefore,
        [property: Description("Proxy score after PPO.")] double ProxyAfter,
        [property: Description("Gold report, where labelers are simulated.")] ArtifactRef? Gold = null,
        [property: Description("Policy from inside the challenger's training, for the next rounds to sample from.")] ArtifactRef? EarlyPolicy = null,
        [property: Description("Axis of preferences and reward model; empty: preference.")] string? Axis = null,
        [property: Description("Axis of a second reward model; given exactly where that model, its preferences and its report card are.")] string? SecondAxis = null,
        [property: Description("Preference pairs of the second axis.")] ArtifactRef? SecondPreferences = null,
        [property: Description("Reward model of the second axis.")] ArtifactRef? SecondRewardModel = null,
        [property: Description("Its report card.")] ArtifactRef? SecondReportCard = null,
        [property: Description("Report of the over-optimization monitor, where it watched the training.")] ArtifactRef? Overoptimization = null);

    public sealed record Outputs(
        [property: Description("Report of the round: report.json, and report.html to be read.")] ArtifactRef Report,
        [property: Description("Ratings of all policies that the campaign compared.")] ArtifactRef Ratings);

    public static readonly StepDescription Description = new(
        nameof(ReportRound), 3, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Writes the round's report, rates all policies of the campaign, and hands its preferences to the next round.");
}
