using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Labeling;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>Puts comparisons to a labeler and waits for the answers. The only step that waits for people.</summary>
public static class CollectJudgements
{
    public sealed record Inputs(
        [property: Description("Comparisons.")] ArtifactRef Comparisons,
        [property: Description("Who answers: simulated, file, judge, reward-model or policy.")] string Labeler,
        [property: Description("Seed of simulated labelers, and of the principles that a judge is given.")] long Seed,
        [property: Description("The model of our own that judges (labelers reward-model and policy).")] ArtifactRef? Judge = null);

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
        [property: Description("Judge and policy: the constitution, a file of workflows/constitutions without its ending.")] string JudgeConstitution = "helpful-harmless-honest",
        [property: Range(0.0, 2.0), Description("Judge: temperature of its answers.")] double JudgeTemperature = 0.0,
        [property: Range(0, int.MaxValue), Description("Judge: seed that the endpoint is given.")] int JudgeSeed = 1,
        [property: Range(64, 100_000), Description("Judge: most tokens of one answer.")] int JudgeAnswerTokens = 1024,
        [property: Description("Judge: ask for the log-probabilities of its tokens; some endpoints refuse that.")] bool JudgeLogprobs = true,
        [property: Range(0.0, 100.0), Description("Reward model and policy: log-odds between the sides up to which they are called a tie.")] double JudgeTieWidth = 0.0,
        [property: Range(0.0, 1e5), Description("Hours after which judgements that have not come are no longer waited for; 0 for no deadline. An escalation, and rlhf instances retry, begin another one.")]
        double DeadlineHours = 0,
        [property: Range(0.0, 1e5), Description("A reminder is sent every so many hours while judgements are missing; 0 for none, otherwise 0.01 and up. Several that came due while nothing ran are one.")]
        double ReminderHours = 0,
        [property: Range(0.0, 1.0), Description("Share of all judgements asked for below which the step fails at the deadline instead of going on with what is there. A comparison without any judgement lacks all of its judgements. At least one must have come.")]
        double LeastShare = 1,
        [property: Description("Another labeler, who is asked for what is missing at the deadline, and for nothing else; empty for none.")]
        string EscalateTo = "",
        [property: Range(0, 100), Description("People at the desk: a comparison of which no side, and no tie, has more than half of the judgements is put to one more labeler after the other, up to this many; 0 for none.")]
        int MostJudgementsPerComparison = 0,
        [property: Description("People at the desk: what is disputed even then an operator decides (rlhf serve, /disputed), and that decision alone counts.")]
        bool Adjudicate = false,
        [property: Range(0.0, 0.5), Description("People at the desk: share of a labeler's questions whose answer is known (rlhf judgements gold).")]
        double GoldShare = 0,
        [property: Range(0.0, 0.5), Description("People at the desk: share of a labeler's questions that the labeler answered before, with the sides exchanged.")]
        double RepeatShare = 0) : IValidated
    {
        public HParams() : this(1) { }

        /// <summary>What the desk does besides asking.</summary>
        public Care ToCare() => new(MostJudgementsPerComparison, Adjudicate, GoldShare, RepeatShare);

        public string? Validate() =>
            ReminderHours is > 0 and < 0.01 ? $"'reminderHours' is {ReminderHours}; expected 0, or 0.01 and up."
            : DeadlineHours == 0 && EscalateTo.Length > 0 ? $"'escalateTo' is '{EscalateTo}' and 'deadlineHours' is 0; expected a deadline, at which that labeler is asked."
            : DeadlineHours == 0 && LeastShare < 1 ? $"'leastShare' is {LeastShare} and 'deadlineHours' is 0; expected a deadline, at which fewer than all judgements are enough."
            : MostJudgementsPerComparison > 0 && MostJudgementsPerComparison < JudgementsPerComparison
                ? $"'mostJudgementsPerComparison' is {MostJudgementsPerComparison}; expected 0, or 'judgementsPerComparison' ({JudgementsPerComparison}) and up."
            : null;
    }

    public sealed record Outputs([property: Description("Judgements.")] ArtifactRef Judgements);

    public static readonly StepDescription Description = new(
        nameof(CollectJudgements), 1, StepKind.Effectful, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Asks a labeler to judge comparisons, blind, and waits until all have been answered, or until a deadline.");
}
