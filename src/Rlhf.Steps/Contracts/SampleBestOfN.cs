using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Running;

namespace Rlhf.Steps.Contracts;

/// <summary>
/// A probe of a reward model before PPO: pools of completions of the starting policy, scored, and comparisons of the best of n by score with one more
/// completion. Held-out prompts are left to the gate.
/// </summary>
public static class SampleBestOfN
{
    public sealed record Inputs(
        [property: Description("Policy to sample from: the one that a training would start from.")] ArtifactRef Policy,
        [property: Description("Reward model.")] ArtifactRef RewardModel,
        [property: Description("Prompt set.")] ArtifactRef Prompts,
        [property: Description("Seed of the draw of prompts, of sampling and of sides.")] long Seed,
        [property: Description("Axis that is judged by; empty: preference.")] string? Axis = null);

    public sealed record HParams(
        [property: Range(2, 1_000_000), Description("Training prompts, a pool of completions each; all there are where they are fewer.")] int Pools = 200,
        [property: Range(2, 4096), Description("Completions of a pool; one more of each prompt is what the best are compared with.")] int PoolSize = 16,
        [property: Description("Of how many the best is taken, rising, by commas, 2 to poolSize each; a prompt's comparison is about one of them.")] string BestOf = "2,4,8,16",
        [property: Range(1, 1_000_000), Description("Prompts that are put to the labeler, over all of bestOf.")] int Judged = 200,
        [property: Range(0.05, 10.0), Description("Sampling temperature.")] double Temperature = 1.0,
        [property: Range(1, 100_000), Description("Longest completion, in tokens.")] int MaxNewTokens = 64,
        [property: Range(1, 4096), Description("Sequences decoded together.")] int Slots = 128,
        [property: Range(1, 4096), Description("Sequences computed together.")] int BatchSize = 32) : IValidated
    {
        public HParams() : this(200) { }

        /// <summary>The values of <see cref="BestOf"/>.</summary>
        public IReadOnlyList<int> Sizes() => Parsed() ?? throw new InvalidOperationException($"'bestOf' is '{BestOf}' and was not validated.");

        public string? Validate() =>
            Parsed() is not { Count: > 0 } sizes || sizes[0] < 2 || sizes[^1] > PoolSize || sizes.Zip(sizes.Skip(1)).Any(p => p.First >= p.Second)
                ? $"'bestOf' is '{BestOf}'; expected rising numbers from 2 to 'poolSize' ({PoolSize}), by commas."
            : Judged > Pools ? $"'judged' is {Judged}; expected at most 'pools' ({Pools})."
            : Judged < sizes.Count ? $"'judged' is {Judged}; expected at least one for each of 'bestOf' ({sizes.Count})."
            : null;

        List<int>? Parsed()
        {
            var sizes = new List<int>();
            foreach (var part in BestOf.Split(',', StringSplitOptions.TrimEntries))
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size)) return null;
                sizes.Add(size);
            }
            return sizes;
        }
    }

    public sealed record Outputs(
        [property: Description("Pools of completions with scores.")] ArtifactRef Samples,
        [property: Description("Comparisons of the best of n with one more completion.")] ArtifactRef Comparisons);

    public static readonly StepDescription Description = new(
        nameof(SampleBestOfN), 1, StepKind.Pure, typeof(Inputs), typeof(HParams), typeof(Outputs),
        "Samples pools of completions, scores them, and asks whether the best by score are better.")
    { Queue = "gpu" };
}
