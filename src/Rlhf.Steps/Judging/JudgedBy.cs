using System.Globalization;
using Rlhf.Steps.Data;

namespace Rlhf.Steps.Judging;

/// <summary>Whose judgements a figure rests on, where they are not people's alone: said wherever the figure shows.</summary>
public static class JudgedBy
{
    /// <summary>Above 0 to 1; null where no judgement is an AI judge's.</summary>
    public static double? JudgeShare(IEnumerable<Judgement> judgements)
    {
        var (all, judges) = (0, 0);
        foreach (var judgement in judgements)
        {
            all++;
            if (judgement.Kind == LabelerKind.Judge) judges++;
        }
        return judges == 0 ? null : (double)judges / all;
    }

    /// <summary>Such as <c> (AI judge)</c>, with the space before it; empty where there is nothing to say.</summary>
    public static string Mark(bool simulated, double? judgeShare)
    {
        var judge = judgeShare switch
        {
            null => null,
            1 => "AI judge",
            { } share => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} % AI judge"),
        };
        var said = new[] { judge, simulated ? "simulated" : null }.OfType<string>().ToList();
        return said.Count == 0 ? "" : $" ({string.Join(", ", said)})";
    }
}
