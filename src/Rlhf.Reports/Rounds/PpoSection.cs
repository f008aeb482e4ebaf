using System.Xml.Linq;
using Rlhf.Steps.Contracts;
using static Rlhf.Reports.Pages.Elements;

namespace Rlhf.Reports.Rounds;

/// <summary>How the challenger's training went.</summary>
static class PpoSection
{
    public static XElement Of(RoundMaterial round)
    {
        var figures = TrainingCurves.Figures(round.Training).ToList();
        var steps = round.Lineage.Steps.Count(s => s.Record.Step == nameof(TrainPolicy));
        return Section(
            "ppo", "PPO",
            steps > 1 ? Paragraph($"The training is {steps} steps, since it stopped at checkpoints of its KL grid; the curves are those of all, one behind the other.") : null,
            round.Missing.TryGetValue(RoundReader.Training, out var why) ? Absent(why) : null,
            figures.Select(f => f.ToElement()));
    }
}
