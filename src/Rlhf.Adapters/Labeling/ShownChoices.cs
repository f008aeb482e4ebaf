using Rlhf.Steps.Data;

namespace Rlhf.Adapters.Labeling;

/// <summary>The question and its options in words, as every tool shows them.</summary>
static class ShownChoices
{
    public const string Question = "Which answer is better?";

    public static string Text(Choice choice) => choice switch
    {
        Choice.AMuch => "A is much better",
        Choice.A => "A is better",
        Choice.ASlight => "A is slightly better",
        Choice.Tie => "Tie",
        Choice.BSlight => "B is slightly better",
        Choice.B => "B is better",
        Choice.BMuch => "B is much better",
        Choice.BothBad => "Both are bad",
        _ => throw new ArgumentOutOfRangeException(nameof(choice), choice, "Expected a choice."),
    };
}
