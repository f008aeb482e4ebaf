using Rlhf.Pipeline.Models;
using Rlhf.Steps.Contracts;
using Rlhf.Steps.Data;

namespace Rlhf.Pipeline.Sampling;

/// <summary>Where a completion comes from.</summary>
enum Origin { Policy, Sft, Early, BestOf, Random, Adversarial }

/// <summary>One completion of a prompt that is to be had, and from where.</summary>
sealed record Wanted(Prompt Prompt, int Sample, Origin Origin);

/// <summary>Draws where each completion comes from, and makes of what was sampled what was wanted.</summary>
/// <param name="hparams">The shares.</param>
/// <param name="seed">Draws everything here.</param>
sealed class SourceMix(SampleCompletions.HParams hparams, long seed)
{
    // Draws of which one is taken have sample numbers of their own, so that they are drawn independently of the others.
    const int FirstDraw = 1000;

    /// <summary>The shares, in the order in which they are laid out on the unit interval.</summary>
    IReadOnlyList<(Origin Origin, double Share)> Shares =>
    [
        (Origin.Sft, hparams.SftShare), (Origin.Early, hparams.EarlyShare), (Origin.BestOf, hparams.BestOfShare), (Origin.Random, hparams.RandomShare),
        (Origin.Adversarial, hparams.AdversarialShare),
    ];

    /// <summary>True where a share asks for this source.</summary>
    public bool Asks(Origin origin) => Shares.Any(s => s.Origin == origin && s.Share > 0);

    /// <summary>Samples of every prompt; the first is always the policy's, and so is what comes from a source that is not <paramref name="available"/>.</summary>
    public List<Wanted> Of(IEnumerable<Prompt> prompts, Predicate<Origin> available) =>
        [.. prompts.SelectMany(p => Enumerable.Range(0, hparams.SamplesPerPrompt).Select(sample => new Wanted(p, sample, sample == 0 ? Origin.Policy : Drawn(p, sample, available))))];

    Origin Drawn(Prompt prompt, int sample, Predicate<Origin> available)
    {
        var left = Seeds.Uniform(seed, "source", prompt.Id, $"{sample}");
        foreach (var (origin, share) in Shares)
            if ((left -= share) < 0) return available(origin) ? origin : Origin.Policy;
        return Origin.Policy;
    }

    /// <summary>What a policy has to sample for it: nothing, one completion, or as many as one is taken from.</summary>
    public IEnumerable<CompletionRequest> Requests(Wanted wanted) => wanted.Origin switch
    {
        Origin.Random => [],
        Origin.BestOf or Origin.Adversarial => Enumerable.Range(0, hparams.BestOf).Select(i => new CompletionRequest(wanted.Prompt, FirstDraw * (wanted.Sample + 1) + i)),
        _ => [new(wanted.Prompt, wanted.Sample)],
    };

    /// <summary>The completion that was wanted, of those that were sampled for it.</summary>
    /// <param name="wanted">What was wanted.</param>
    /// <param name="sampled">What was sampled for it; none for a random one.</param>
    /// <param name="scores">Of each of them where one is to be chosen, by the reward model.</param>
    /// <param name="firsts">First completions of all prompts on the same side of the hold-out.</param>
    public Completion Make(Wanted wanted, IReadOnlyList<Completion> sampled, IReadOnlyList<double> scores, IReadOnlyList<Completion> firsts)
    {
        var made = wanted.Origin switch
        {
            Origin.Random => OfAnother(wanted, firsts),
            Origin.BestOf => sampled[IndexOfMost(scores)],
            Origin.Adversarial => sampled[Deceiving(wanted, sampled, scores)],
            _ => sampled[0],
        };
        return made with
        {
            PromptId = wanted.Prompt.Id,
            Sample = wanted.Sample,
            MeanLogprob = null,
            Origin = wanted.Origin == Origin.Policy ? null : char.ToLowerInvariant($"{wanted.Origin}"[0]) + $"{wanted.Origin}"[1..],
        };
    }

    Completion OfAnother(Wanted wanted, IReadOnlyList<Completion> firsts)
    {
        if (firsts.Count < 2)
            throw new InvalidDataException($"'randomShare' is {hparams.RandomShare}, but there is no other prompt than {wanted.Prompt.Id} to take a completion of; expected at least two.");
        var drawn = (int)(Draw(wanted, "random") * firsts.Count);
        return firsts[drawn].PromptId != wanted.Prompt.Id ? firsts[drawn] : firsts[(drawn + 1) % firsts.Count];
    }

    /// <summary>Half of the time what scores high for how unlikely it is, both in deviations; else the longest or the shortest.</summary>
    int Deceiving(Wanted wanted, IReadOnlyList<Completion> sampled, IReadOnlyList<double> scores)
    {
        var draw = Draw(wanted, "adversarial");
        if (draw >= 0.5) return IndexOfMost([.. sampled.Select(c => (double)(draw >= 0.75 ? c.Tokens : -c.Tokens))]);
        var (high, likely) = (Standardized(scores), Standardized([.. sampled.Select(c => c.MeanLogprob!.Value)]));
        return IndexOfMost([.. high.Zip(likely, (score, logprob) => score - logprob)]);
    }

    double Draw(Wanted wanted, string purpose) => Seeds.Uniform(seed, purpose, wanted.Prompt.Id, $"{wanted.Sample}");

    static int IndexOfMost(IReadOnlyList<double> values) => values.Index().MaxBy(v => v.Item).Index;

    static double[] Standardized(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
        return [.. values.Select(v => deviation > 0 ? (v - mean) / deviation : 0)];
    }
}
