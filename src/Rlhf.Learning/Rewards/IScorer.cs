using Rlhf.Learning.Sampling;

namespace Rlhf.Learning.Rewards;

/// <summary>Gives completions their score: one reward model, an ensemble, or several models by a rule.</summary>
public interface IScorer : IDisposable
{
    /// <summary>One finite score a completion, in the order of asking; a completion that was cut is scored as if it ended there.</summary>
    /// <exception cref="InvalidDataException">A completion does not fit the reward model's context.</exception>
    /// <exception cref="IOException">The scores are made elsewhere, and could not be had in time.</exception>
    /// <exception cref="Optimization.NonFiniteException">A score is not finite.</exception>
    float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken);

    /// <summary>
    /// The same for completions that come one after the other: a scorer that works elsewhere begins with the first while the caller goes on sampling. By default all are
    /// scored at the end, here.
    /// </summary>
    /// <param name="count">How many will come.</param>
    IScoresUnderWay Begin(int count, int batchSize, CancellationToken cancellationToken) => new ScoredAtTheEnd(this, count, batchSize);
}

/// <summary>Scores of completions that were not all there at the beginning. What is disposed of before its end is given up.</summary>
public interface IScoresUnderWay : IDisposable
{
    /// <summary>Adds a completion at its place, from 0, once.</summary>
    void Add(int index, SampledCompletion completion);

    /// <summary>The scores by place, once all completions have been added.</summary>
    /// <inheritdoc cref="IScorer.Score"/>
    float[] Finish(CancellationToken cancellationToken);
}

/// <summary>Scores that are all made when they are asked for.</summary>
sealed class ScoredAtTheEnd(IScorer scorer, int count, int batchSize) : IScoresUnderWay
{
    readonly SampledCompletion[] _completions = new SampledCompletion[count];

    public void Add(int index, SampledCompletion completion) => _completions[index] = completion;

    public float[] Finish(CancellationToken cancellationToken) => scorer.Score(_completions, batchSize, cancellationToken);

    public void Dispose()
    {
    }
}

/// <summary>Scores of several scorers that are under way together, made one by a rule.</summary>
sealed class JoinedScores(IReadOnlyList<IScoresUnderWay> parts, Func<float[], float> join) : IScoresUnderWay
{
    public void Add(int index, SampledCompletion completion)
    {
        foreach (var part in parts) part.Add(index, completion);
    }

    public float[] Finish(CancellationToken cancellationToken)
    {
        var all = parts.Select(p => p.Finish(cancellationToken)).ToList();
        return [.. Enumerable.Range(0, all[0].Length).Select(i => join([.. all.Select(scores => scores[i])]))];
    }

    public void Dispose()
    {
        foreach (var part in parts) part.Dispose();
    }
}
