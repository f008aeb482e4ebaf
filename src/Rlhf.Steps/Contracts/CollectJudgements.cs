using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Puts comparisons to a labeler and waits for the answers. The only step that waits for people.</summary>
public static class CollectJudgements
{
    public sealed record Inputs(
        [property: Description("Comparisons.")] ArtifactRef Comparisons,
        [property: Description("Who answers, such as simulated.")] string Labeler,
        [property: Description("Seed of simulated labelers.")] long Seed);

    public sealed record HParams(
        [property: Range(1, 100), Description("Judgements of each comparison, each by another labeler.")] int JudgementsPerComparison = 1,
        [property: Range(1, 1000), Description("Simulated: how many labelers there are.")] int SimulatedLabelers = 5,
        [property: Range(0.0, 100.0), Description("Simulated: noise of the average labeler, in units of gold score (Bradley-Terry); the most reliable has half, the least reliable one and a half times as much.")]
        double SimulatedNoise = 0.17,
        [property: Range(-10.0, 10.0), Description("Simulated: units of gold score that 100 more characters seem worth.")] double SimulatedLengthBias = 0.05,
        [property: Range(0.0, 1.0), Description("Simulated: share of answers given without looking.")] double SimulatedCareless = 0.05,
        [property: Range(0.0, 10.0), Description("Simulated: perceived differences smaller than this are called a tie.")] double SimulatedTieWidth = 0.05,
        [property: Range(0.0, 1.0), Description("Simulated: share of answers that come late.")] double SimulatedLateShare = 0.1,
        [property: Range(0.0, 1e6), Description("Simulated: how late, in seconds.")] double SimulatedLateSeconds = 1.0,
        [property: Range(0.0, 1e5), Description("Hours after which judgements that have not come are no longer waited for; 0 for no deadline. An escalation, and rlhf instances retry, begin another one.")]
        double DeadlineHours = 0,
        [property: Range(0.0, 1e5), Description("A reminder is sent every so many hours while judgements are missing; 0 for none, otherwise 0.01 and up. Several that came due while nothing ran are one.")]
        double ReminderHours = 0,
        [property: Range(0.0, 1.0), Description("Share of all judgements asked for below which the step fails at the deadline instead of going on with what is there. A comparison without any judgement lacks all of its judgements. At least one must have come.")]
        double LeastShare = 1,
        [property: Description("Another labeler, who is asked for what is missing at the deadline, and for nothing else; empty for none.")]
        string EscalateTo = "") : IValidated
    {
        public HParams() : this(1) { }

        public string? Validate() =>
            ReminderHours is > 0 and < 0.01 ? $"'reminderHours' is {ReminderHours}; expected 0, or 0.01 and up."
            : DeadlineHours > 0 ? null
            : EscalateTo.Length > 0 ? $"'escalateTo' is '{EscalateTo}' and 'deadlineHours' is 0; expected a deadline, at which that labeler is asked."
            : LeastShare < 1 ? $"'leastShare' is {LeastShare} and 'deadlineHours' is 0; expected a deadline, at which fewer than all judgements are enough."
            : null;
    }

    public sealed record Outputs([property: Description("Judgements.")] ArtifactRef Judgements);

    public static readonly StepDescription Description = new(
        nameof(CollectJudgements), 1, StepKind.Effectful, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Asks a labeler to judge comparisons, blind, and waits until all have been answered, or until a deadline.");
}
