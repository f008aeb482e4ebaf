using System.ComponentModel;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Closes a round that trained no policy: its figures, and the names that the next round starts from.</summary>
public static class ReportRefresh
{
    public sealed record Inputs(
        [property: Description("Campaign of the round.")] string Campaign,
        [property: Description("Number of the round.")] int Round,
        [property: Description("Champion, whose completions were judged.")] ArtifactRef Champion,
        [property: Description("Preference pairs of all rounds.")] ArtifactRef Preferences,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Report card of the reward model.")] ArtifactRef ReportCard,
        [property: Description("Reward model that there was before.")] ArtifactRef? EarlierRewardModel = null,
        [property: Description("Its report card on the same pairs.")] ArtifactRef? EarlierReportCard = null);

    public sealed record Outputs([property: Description("Report of the refresh.")] ArtifactRef Refresh);

    public static readonly StepDescription Description = new(
        nameof(ReportRefresh), 1, StepKind.Effectful, typeof(Inputs), typeof(NoHParams), typeof(Outputs),
        "Reports a refreshed reward model beside the one before, and hands it and its preferences to the next round.");
}
