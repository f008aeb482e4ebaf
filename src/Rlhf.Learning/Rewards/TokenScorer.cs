using Rlhf.Learning.Optimization;
using Rlhf.Learning.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace Rlhf.Learning.Rewards;

/// <summary>Scores token sequences directly: for a reward model with the policy's own tokenizer. It owns the reward model.</summary>
public sealed class TokenScorer(RewardModel rewardModel) : IScorer
{
    /// <inheritdoc/>
    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken) =>
        rewardModel.Score([.. completions.Select(Ended)], batchSize, cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<float[]> TokenScores(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        var scores = new float[completions.Count][];
        foreach (var chunk in Enumerable.Range(0, completions.Count).Chunk(batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var sequences = chunk.Select(i => Ended(completions[i])).ToList();
            var batch = TokenBatch.Pad(sequences, rewardModel.Tokenizer.PadId, rewardModel.Model.Device);
            var all = rewardModel.Head.Forward(rewardModel.Model.Hidden(batch.Tokens)).mul(rewardModel.Gain).add(rewardModel.Bias).cpu(); // [chunk, time]
            var time = (int)all.shape[1];
            var values = all.data<float>().ToArray();
            for (var k = 0; k < chunk.Length; k++)
                scores[chunk[k]] = AtTokens(values.AsSpan(k * time, time), completions[chunk[k]], sequences[k].Length, chunk[k]);
        }
        return scores;
    }

    /// <inheritdoc/>
    public void Dispose() => rewardModel.Dispose();

    int[] Ended(SampledCompletion completion) =>
        completion.Finished ? completion.Sequence : [.. completion.Sequence, rewardModel.Tokenizer.EosId];

    static float[] AtTokens(ReadOnlySpan<float> values, SampledCompletion completion, int length, int index)
    {
        var scores = values[completion.PromptLength..completion.Sequence.Length].ToArray();
        // A completion that was cut has its score at the end of sequence behind its last token.
        scores[^1] = values[length - 1];
        return Array.FindIndex(scores, s => !float.IsFinite(s)) is >= 0 and var token
            ? throw new InvalidDataException($"The score of completion {index} at its token {token} is {scores[token]}; expected a finite number.")
            : scores;
    }
}
