using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Makes the challenger the champion by one create-only write, after everybody has approved who has to, with a signed record of why.</summary>
public static class PromoteChallenger
{
    /// <summary>The outcome of a promotion that does not take place; the output <c>reason</c> says why.</summary>
    public const string Refused = "Refused";

    public sealed record Inputs(
        [property: Description("Campaign whose champion it becomes.")] string Campaign,
        [property: Description("Champion the evidence was collected against.")] ArtifactRef Champion,
        [property: Description("Challenger.")] ArtifactRef Challenger,
        [property: Description("Decision that allows it.")] ArtifactRef Decision,
        [property: Description("Environment whose champion it becomes; empty: the one this process works for (RLHF_ENVIRONMENT).")] string? Environment = null,
        [property: Description("Who asks for it, and may not approve it; must be named where somebody has to approve.")] string? RequestedBy = null);

    public sealed record HParams(
        [property: Range(0.0, 1e5), Description("Hours after which missing approvals are no longer waited for and the promotion is refused; 0 for no deadline.")] double DeadlineHours = 0,
        [property: Range(0.0, 1e5), Description("A reminder is sent every so many hours while approvals are missing; 0 for none, otherwise 0.01 and up.")] double ReminderHours = 24) : IValidated
    {
        public HParams() : this(0) { }

        public string? Validate() => ReminderHours is > 0 and < 0.01 ? $"'reminderHours' is {ReminderHours}; expected 0, or 0.01 and up." : null;
    }

    public sealed record Outputs(
        [property: Description("Version number of the champion; none where it was refused.")] int? ChampionVersion,
        [property: Description("Promotion record, signed; none where it was refused.")] ArtifactRef? Record,
        [property: Description("Id of the promotion.")] string Promotion,
        [property: Description("What became of it, in a sentence.")] string Reason);

    public static readonly StepDescription Description = new(
        nameof(PromoteChallenger), 2, StepKind.Effectful, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Promotes the challenger, once it is approved, and records why.")
    { Outcomes = ["Done", Refused] };
}
