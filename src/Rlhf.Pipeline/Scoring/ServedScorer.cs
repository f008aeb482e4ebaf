using Rlhf.Learning.Rewards;
using Rlhf.Learning.Sampling;
using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>An ensemble as it is asked for: members, and how their scores become one.</summary>
sealed record ServedEnsemble(int Members, EnsembleScore Score, double Coefficient);

/// <summary>
/// Scores by servers of reward models. Completions are sent in small groups as they come, so that the servers work while the policy goes on sampling and the reference
/// policy is asked. A score is used only where it came from the very artifact that was asked for, with all members and finite.
/// </summary>
/// <param name="servers">Stays the caller's.</param>
sealed class ServedScorer(IRewardScoring servers, ArtifactRef model, PolicyTexts texts, ServedEnsemble ensemble, bool deterministic) : IScorer
{
    /// <summary>Completions of one request.</summary>
    const int Group = 16;

    public float[] Score(IReadOnlyList<SampledCompletion> completions, int batchSize, CancellationToken cancellationToken)
    {
        using var scores = Begin(completions.Count, batchSize, cancellationToken);
        foreach (var (index, completion) in completions.Index()) scores.Add(index, completion);
        return scores.Finish(cancellationToken);
    }

    public IScoresUnderWay Begin(int count, int batchSize, CancellationToken cancellationToken) => new UnderWay(this, texts, count, cancellationToken);

    public void Dispose()
    {
    }

    async Task<float[]> AskAsync(IReadOnlyList<TextToScore> asked, CancellationToken cancellationToken)
    {
        var answer = await servers.ScoreAsync(new($"{model}", asked) { Deterministic = deterministic }, cancellationToken);
        if (answer.Model != model) throw new IOException($"Scores came from {answer.Model}; expected {model}, which the policy is trained against.");
        if (answer.Scores.Count != asked.Count) throw new IOException($"{answer.Scores.Count} scores came for {asked.Count} completions; expected as many.");
        return [.. answer.Scores.Select(Combined)];
    }

    float Combined(TextScore score)
    {
        if (score.Members.Count != ensemble.Members) throw new IOException($"{score.Members.Count} members of {model.Short} gave a score; expected {ensemble.Members}.");
        var combined = ensemble.Members == 1 ? score.Members[0] : (float)EnsembleScorer.Combine([.. score.Members.Select(s => (double)s)], ensemble.Score, ensemble.Coefficient);
        return float.IsFinite(combined) ? combined : throw new IOException($"A score of {model.Short} is {combined}; expected a finite number.");
    }

    /// <summary>Requests of one rollout.</summary>
    sealed class UnderWay(ServedScorer scorer, PolicyTexts texts, int count, CancellationToken cancellationToken) : IScoresUnderWay
    {
        readonly CancellationTokenSource _given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        readonly List<(int[] Places, Task<float[]> Scores)> _asked = [];
        readonly List<(int Place, TextToScore Text)> _group = [];

        public void Add(int index, SampledCompletion completion)
        {
            _group.Add((index, texts.Of(completion)));
            if (_group.Count == Group) Send();
        }

        public float[] Finish(CancellationToken cancellationToken)
        {
            if (_group.Count > 0) Send();
            var scores = new float[count];
            foreach (var (places, asked) in _asked)
            {
                var made = asked.WaitAsync(cancellationToken).GetAwaiter().GetResult();
                foreach (var (k, place) in places.Index()) scores[place] = made[k];
            }
            return _asked.Sum(a => a.Places.Length) == count ? scores : throw new InvalidOperationException($"{_asked.Sum(a => a.Places.Length)} of {count} completions were given to score; expected all.");
        }

        public void Dispose()
        {
            _given.Cancel();
            // What is given up fails somewhere; nobody asks why.
            foreach (var (_, asked) in _asked) _ = asked.ContinueWith(static a => a.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            _given.Dispose();
        }

        void Send()
        {
            TextToScore[] asked = [.. _group.Select(g => g.Text)];
            var token = _given.Token;
            _asked.Add(([.. _group.Select(g => g.Place)], Task.Run(() => scorer.AskAsync(asked, token), token)));
            _group.Clear();
        }
    }
}
