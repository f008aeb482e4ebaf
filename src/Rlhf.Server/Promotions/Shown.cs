using System.Globalization;
using Rlhf.Steps.Gates;
using Rlhf.Steps.Judging;

namespace Rlhf.Server.Promotions;

/// <summary>Figures as pages write them; what could not be computed is a dash.</summary>
static class Shown
{
    public static string Time(DateTimeOffset time) => $"{time.UtcDateTime:yyyy-MM-dd HH:mm} UTC";

    /// <summary>Three decimals; large ones with four digits.</summary>
    public static string Figure(double? value) => value is not { } v ? "–"
        : v.ToString(Math.Abs(v) is 0 or (>= 0.0005 and < 1000) ? "0.###" : "0.###E+0", CultureInfo.InvariantCulture);

    public static string Interval(double? lower, double? upper) => lower is null || upper is null ? "–" : $"{Figure(lower)} to {Figure(upper)}";

    public static string Percent(double value) => value.ToString("P0", CultureInfo.InvariantCulture);

    public static string Outcome(string outcome) => outcome switch
    {
        GateVerdict.Promote => "promote",
        GateVerdict.Reject => "reject",
        GateVerdict.NeedMoreJudgements => "more judgements needed",
        _ => outcome,
    };

    public static string State(CriterionState state) => state switch
    {
        CriterionState.Holds => "holds",
        CriterionState.Fails => "fails",
        _ => "not evaluable",
    };

    /// <summary>Such as <c> (simulated)</c>.</summary>
    public static string Mark(GateVerdict verdict) => JudgedBy.Mark(verdict.Simulated, verdict.JudgeShare);
}
