using Rlhf.Learning.Chat;
using Rlhf.Learning.Sampling;

namespace Rlhf.Learning.Rewards;

/// <summary>Scores tokens of the policy as they are: policy and reward model share a tokenizer.</summary>
/// <param name="rewardModel">Disposed with this one.</param>
/// <param name="inTiles">Whether each text is computed in a pass of a fixed shape (<see cref="RewardModel.ScoreInTiles"/>).</param>
public sealed class TokenScorer(RewardModel rewardModel, bool inTiles = false) : IScorer
{
    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) =>
        inTiles ? rewardModel.ScoreInTiles(Texts(completions), cancellationToken) : rewardModel.Score(Texts(completions), batchSize, cancellationToken);

    List<ScoredText> Texts(IReadOnlyList<SampledCompletion> completions) =>
        [.. completions.Select(c => new ScoredText(c.Finished ? c.Sequence : [.. c.Sequence, rewardModel.Tokenizer.EosId], c.PromptLength))];

    public void Dispose() => rewardModel.Dispose();
}

/// <summary>
/// Scores by way of text: the reward model reads another tokenizer's tokens than the policy writes, or has a chat template of its own.
/// </summary>
/// <param name="rewardModel">Disposed with this one.</param>
/// <param name="policy">How the policy writes.</param>
/// <param name="prompts">The turns of every prompt, by the id that its completions carry.</param>
/// <param name="inTiles">Whether each text is computed in a pass of a fixed shape (<see cref="RewardModel.ScoreInTiles"/>).</param>
public sealed class TextScorer(RewardModel rewardModel, ChatFormat policy, IReadOnlyDictionary<ulong, IReadOnlyList<ChatTurn>> prompts, bool inTiles = false) : IScorer
{
    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) => inTiles
        ? rewardModel.ScoreInTiles([.. completions.Select(Text)], cancellationToken) : rewardModel.Score([.. completions.Select(Text)], batchSize, cancellationToken);

    ScoredText Text(SampledCompletion completion) =>
        rewardModel.Encode(prompts[completion.PromptId], policy.Completion(completion.Sequence, completion.PromptLength, completion.Finished));

    public void Dispose() => rewardModel.Dispose();
}

/// <summary>How the scores of an ensemble's members become one: the mean, the worst (WCO), or the mean less variance (UWO); Coste et al. 2023.</summary>
public enum EnsembleScore { Mean, Worst, Uncertainty }

/// <summary>Scores by an ensemble whose members were trained apart.</summary>
/// <param name="members">At least one; disposed with this one.</param>
/// <param name="score">How scores are joined.</param>
/// <param name="coefficient">Uncertainty: what a unit of variance (population) takes off, at least 0.</param>
public sealed class EnsembleScorer(IReadOnlyList<IScorer> members, EnsembleScore score, double coefficient) : IScorer
{
    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken)
    {
        var all = members.Select(m => m.Score(completions, batchSize, cancellationToken)).ToList();
        return [.. Enumerable.Range(0, completions.Count).Select(i => (float)Combine([.. all.Select(s => (double)s[i])], score, coefficient))];
    }

    /// <summary>One score from those of the members.</summary>
    public static double Combine(IReadOnlyList<double> scores, EnsembleScore score, double coefficient)
    {
        var mean = scores.Average();
        return score switch
        {
            EnsembleScore.Worst => scores.Min(),
            EnsembleScore.Uncertainty => mean - coefficient * scores.Average(s => (s - mean) * (s - mean)),
            _ => mean,
        };
    }

    public void Dispose()
    {
        foreach (var member in members) member.Dispose();
    }
}

/// <summary>
/// How helpfulness and safety become one score: a weighted mean, the worse one, or safety first: below a threshold the safety score decides
/// (Touvron et al. 2023).
/// </summary>
public enum AxesRule { Weighted, Worst, SafetyFirst }

/// <summary>Scores by two reward models, each trained on its own axis.</summary>
/// <param name="helpfulness">The first model; disposed with this one.</param>
/// <param name="safety">The second; disposed with this one.</param>
/// <param name="rule">How they are joined.</param>
/// <param name="safetyWeight">Weighted: share of the safety score, 0 to 1.</param>
/// <param name="threshold">Safety first: the safety score, in deviations of the reference policy, below which it decides.</param>
public sealed class AxesScorer(IScorer helpfulness, IScorer safety, AxesRule rule, double safetyWeight, double threshold) : IScorer
{
    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) =>
        [.. helpfulness.Score(completions, batchSize, cancellationToken).Zip(safety.Score(completions, batchSize, cancellationToken), Combine)];

    public IScoresUnderWay Begin(int count, int batchSize, CancellationToken cancellationToken) => new JoinedScores(
        [helpfulness.Begin(count, batchSize, cancellationToken), safety.Begin(count, batchSize, cancellationToken)], both => Combine(both[0], both[1]));

    float Combine(float helpful, float safe) => rule switch
    {
        AxesRule.Worst => Math.Min(helpful, safe),
        AxesRule.SafetyFirst => safe < threshold ? safe : helpful,
        _ => (float)((1 - safetyWeight) * helpful + safetyWeight * safe),
    };

    public void Dispose()
    {
        helpfulness.Dispose();
        safety.Dispose();
    }
}
