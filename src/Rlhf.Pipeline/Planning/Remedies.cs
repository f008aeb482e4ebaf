using Rlhf.Steps.Contracts;

namespace Rlhf.Pipeline.Planning;

/// <summary>HParams with which a step that does not fit into memory would, the ones that change least first.</summary>
/// <param name="memory">What steps take.</param>
/// <param name="limit">Bytes there are.</param>
public sealed class Remedies(RoundMemory memory, long limit)
{
    const int Rank = 16;

    /// <summary>A sentence for a step that does not fit: hparams that would, or that none does.</summary>
    public string For(StepPlan plan, RoundHParams hparams)
    {
        var found = Changes(plan.Step, hparams).Select(c => (c.Text, Plan: memory.Of(c.HParams).First(p => p.Step == plan.Step))).FirstOrDefault(c => c.Plan.Bytes <= limit);
        return $"{plan.Step} takes {Size(plan.Bytes)} ({plan.Peak}); " + (found.Text is null
            ? "no setting of its hparams fits: a smaller model, or a machine with more memory, would."
            : $"with {found.Text} it would take {Size(found.Plan.Bytes)}.");
    }

    /// <summary>Bytes in gigabytes of 10⁹.</summary>
    public static string Size(long bytes) => $"{bytes / 1e9:0.0} GB";

    static IEnumerable<(string Text, RoundHParams HParams)> Changes(string step, RoundHParams all) => step switch
    {
        nameof(TrainPolicy) => Policies(all.TrainPolicy).Select(c => (c.Text, all with { TrainPolicy = c.HParams })),
        nameof(TrainRewardModel) => RewardModels(all.TrainRewardModel).Select(c => (c.Text, all with { TrainRewardModel = c.HParams })),
        nameof(SampleCompletions) => Halves(all.SampleCompletions.Slots).Select(s => ($"slots {s}", all with { SampleCompletions = all.SampleCompletions with { Slots = s } })),
        nameof(SampleEvaluation) => Halves(all.SampleEvaluation.Slots).Select(s => ($"slots {s}", all with { SampleEvaluation = all.SampleEvaluation with { Slots = s } })),
        nameof(MeasureChallenger) => Halves(all.MeasureChallenger.BatchSize).Select(s => ($"batchSize {s}", all with { MeasureChallenger = all.MeasureChallenger with { BatchSize = s } })),
        _ => [],
    };

    // Micro-batches and checkpoints change nothing but time; an adapter changes what is learned.
    static IEnumerable<(string Text, TrainPolicy.HParams HParams)> Policies(TrainPolicy.HParams given)
    {
        foreach (var rank in given.LoraRank > 0 ? new[] { given.LoraRank } : [0, Rank])
            foreach (var checkpoints in given.GradientCheckpointing ? new[] { true } : [false, true])
                foreach (var slots in new[] { given.Slots }.Concat(Halves(given.Slots).Where(s => s >= 8)))
                    foreach (var micro in Halves(given.MinibatchSize).Where(m => given.MinibatchSize % m == 0))
                    {
                        var parts = new List<string>();
                        if (rank != given.LoraRank) parts.Add($"loraRank {rank}");
                        if (checkpoints != given.GradientCheckpointing) parts.Add("gradientCheckpointing");
                        if (slots != given.Slots) parts.Add($"slots {slots}");
                        parts.Add($"microbatchSize {micro}");
                        yield return (string.Join(", ", parts), given with { LoraRank = rank, GradientCheckpointing = checkpoints, Slots = slots, MicrobatchSize = micro });
                    }
    }

    static IEnumerable<(string Text, TrainRewardModel.HParams HParams)> RewardModels(TrainRewardModel.HParams given)
    {
        if (!given.GradientCheckpointing) yield return ("gradientCheckpointing", given with { GradientCheckpointing = true });
        foreach (var size in Halves(given.BatchSize))
            yield return ($"{(given.GradientCheckpointing ? "" : "gradientCheckpointing, ")}batchSize {size}", given with { GradientCheckpointing = true, BatchSize = size });
    }

    static IEnumerable<int> Halves(int number)
    {
        for (var half = number / 2; half >= 1; half /= 2) yield return half;
    }
}
