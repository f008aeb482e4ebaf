using Rlhf.Steps.Artifacts;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>A loaded model with its loop, counted by the requests that are under way, so that it goes only after the last of them.</summary>
sealed class ServedModel(LoadedRewardModel model, Precision precision, ServingOptions options, TimeProvider time, ServingMeter meter) : IDisposable
{
    readonly ScoringLoop _loop = new(model, options, time, meter);
    readonly Lock _gate = new();
    int _users;
    bool _retires;
    int _closed;
    long _lastUse = time.GetTimestamp();

    public ArtifactRef Artifact => model.Artifact;

    public Precision Precision => precision;

    public int Members => model.Members.Count;

    public int ContextLength => model.ContextLength;

    public int Waiting => _loop.Waiting;

    /// <summary>How long nobody has asked it.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref _lastUse));

    /// <exception cref="ScoringRefusedException">It is taken away, or there is a reason why the request gets no answer.</exception>
    public async Task<RewardScores> ScoreAsync(ScoringRequest request, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            var pending = new PendingScores(request.Texts.Count, request.Within ?? options.LongestWait, time);
            _loop.Enqueue(pending, [.. request.Texts.Select(t => model.Encode(t, options.LongestText))], request);
            return new(Artifact, await pending.WaitAsync(cancellationToken));
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes no more requests, and goes once those under way have ended.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _retires = true;
            if (_users > 0) return;
        }
        Close();
    }

    /// <summary>Goes at once: requests under way get no answer.</summary>
    public void Dispose()
    {
        lock (_gate) _retires = true;
        _loop.Dispose();
        Retire();
    }

    void Enter()
    {
        lock (_gate)
        {
            if (_retires) throw new ScoringRefusedException(ScoringRefusal.Stopping, $"{Artifact.Short} is served here no longer; ask again, or another server.");
            _users++;
        }
        Volatile.Write(ref _lastUse, time.GetTimestamp());
    }

    void Leave()
    {
        lock (_gate)
        {
            if (--_users > 0 || !_retires) return;
        }
        Close();
    }

    void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        _loop.Dispose();
        model.Dispose();
    }
}
