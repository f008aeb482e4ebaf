using System.Diagnostics.Metrics;
using Rlhf.Learning.Rewards;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>
/// The threads that compute with a model. Requests from everywhere wait here together: they are taken as passes of like lengths, up to a budget of tokens, the oldest
/// text always among them, and shared among the threads that have nothing to do; what nobody waits for any more is not computed.
/// </summary>
sealed class ScoringLoop : IDisposable
{
    readonly LoadedRewardModel _model;
    readonly ServingOptions _options;
    readonly TimeProvider _time;
    readonly ServingMeter _meter;
    readonly ScoringBacklog _backlog;
    readonly object _gate = new();
    readonly IReadOnlyList<Thread> _threads;
    // Of one thread.
    double _tokensPerSecond = 1000;
    int _idle;
    bool _stops;

    public ScoringLoop(LoadedRewardModel model, ServingOptions options, TimeProvider time, ServingMeter meter)
    {
        (_model, _options, _time, _meter) = (model, options, time, meter);
        _backlog = new(options, model.ContextLength, model.Pace.Overhead);
        _threads = [.. Enumerable.Range(0, Cores.Own.Count / model.Pace.PassThreads).Select(_ => new Thread(Run) { IsBackground = true, Name = $"scoring by {model.Artifact.Short}" })];
        foreach (var thread in _threads) thread.Start();
    }

    /// <summary>Tokens that wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _backlog.Tokens;
        }
    }

    /// <summary>Lets all texts of a request wait to be computed.</summary>
    /// <exception cref="ScoringRefusedException">Too much waits already, or the model is taken away.</exception>
    public void Enqueue(PendingScores pending, IReadOnlyList<ScoredText> texts, ScoringRequest request)
    {
        var jobs = Jobs(pending, texts, request).ToList();
        var tokens = jobs.Sum(j => j.Tokens);
        lock (_gate)
        {
            if (_stops) throw Stopping();
            if (!_backlog.HasRoomFor(tokens)) _backlog.Drop();
            if (!_backlog.HasRoomFor(tokens))
            {
                _meter.Refused.Add(1);
                throw new ScoringRefusedException(ScoringRefusal.Busy, $"{_backlog.Tokens} tokens wait for {_model.Artifact.Short} already; expected at most {_options.QueueTokens} with this request.")
                {
                    RetryAfter = TimeSpan.FromSeconds(Math.Ceiling(Math.Clamp(_backlog.Tokens / (_tokensPerSecond * _threads.Count), 1, 60))),
                };
            }
            foreach (var job in jobs) _backlog.Add(job);
            Monitor.Pulse(_gate);
        }
    }

    IEnumerable<ScoringJob> Jobs(PendingScores pending, IReadOnlyList<ScoredText> texts, ScoringRequest request)
    {
        var now = _time.GetTimestamp();
        // Fixed shapes hold a text a row, and what is asked at every token is another output.
        var rows = _options.Batches && !request.Deterministic && !request.PerToken
            ? ScoringRow.Share(texts, _model.Members[0].Model.Config, _options.TokenBudget) : [.. texts.Select((text, place) => (ScoringRow.Of(text), (int[])[place]))];
        return rows.Select(row => new ScoringJob(row.Row, [.. row.Places.Select(p => texts[p])], row.Places, pending, request.PerToken, request.Deterministic) { Since = now });
    }

    /// <summary>Ends what is computed now; what still waits gets no answer.</summary>
    public void Dispose()
    {
        IReadOnlyList<ScoringJob> left;
        lock (_gate)
        {
            _stops = true;
            left = _backlog.Clear();
            Monitor.PulseAll(_gate);
        }
        foreach (var job in left) job.Request.Fail(Stopping());
        foreach (var thread in _threads) thread.Join();
    }

    ScoringRefusedException Stopping() => new(ScoringRefusal.Stopping, $"{_model.Artifact.Short} is served here no longer; ask again, or another server.");

    void Run()
    {
        while (Next() is var (pass, threads))
        {
            try
            {
                Cores.Own.Compute(threads, () => Compute(pass));
            }
            catch (Exception e)
            {
                // A pass that fails is its requests' failure; the next one may work.
                foreach (var job in pass.Jobs) job.Request.Fail(e);
            }
        }
    }

    /// <summary>Waits for a pass that is full, or whose oldest text has waited long enough; null at the end.</summary>
    (NextPass Pass, int Threads)? Next()
    {
        lock (_gate)
        {
            _idle++;
            while (!_stops)
            {
                var left = _backlog.Oldest is { } oldest ? _options.LongestDelay - _time.GetElapsedTime(oldest.Since) : Timeout.InfiniteTimeSpan;
                if (_backlog.Oldest is not null && (left <= TimeSpan.Zero || _backlog.Tokens >= _options.TokenBudget || !_options.Batches))
                {
                    if (_backlog.Take(share: (_backlog.Tokens - 1) / _idle + 1) is not { } pass) continue;
                    _idle--;
                    if (_backlog.Oldest is not null) Monitor.Pulse(_gate);
                    return (pass, ThreadsOf(pass));
                }
                Monitor.Wait(_gate, left);
            }
            return null;
        }
    }

    // A trainer scores with all cores: only so many threads are sure to give its bits.
    int ThreadsOf(NextPass pass) =>
        pass.Tile is not null ? Cores.Own.Count : _idle == _threads.Count - 1 && _backlog.Oldest is null ? _model.Pace.AloneThreads : _model.Pace.PassThreads;

    void Compute(NextPass pass)
    {
        var begun = _time.GetTimestamp();
        List<ScoringRow> rows = [.. pass.Jobs.Select(j => j.Row)];
        var ends = _model.Members.Select(m => pass.Tile is null ? ScoringPass.Ends(m, rows) : InTiles(m, rows)).ToList();
        var everywhere = pass.Jobs.Any(j => j.PerToken) ? _model.Members.Select(m => ScoringPass.Everywhere(m, [.. pass.Jobs.Select(j => j.Texts[0].Tokens)])).ToList() : null;
        // Before anybody has an answer: who reads the meter after it finds it counted.
        Note(pass, _time.GetElapsedTime(begun));
        foreach (var (row, job) in pass.Jobs.Index())
        {
            try
            {
                foreach (var (k, text) in job.Texts.Index())
                    job.Request.Complete(job.Places[k], _model.ScoreOf(text, [.. ends.Select(e => e[row][k])], job.PerToken ? [.. everywhere!.Select(e => e[row])] : null));
            }
            catch (ScoringRefusedException e)
            {
                job.Request.Fail(e);
            }
        }
    }

    static float[][] InTiles(RewardModel member, IEnumerable<ScoringRow> rows) => [.. member.RawInTiles([.. rows.Select(r => r.Endings[0])], CancellationToken.None).Select(end => (float[])[end])];

    void Note(NextPass pass, TimeSpan took)
    {
        var (texts, tokens) = (pass.Jobs.Sum(j => j.Texts.Count), pass.Jobs.Sum(j => j.Tokens));
        var padded = pass.Tile is { } tile ? tile.Rows * tile.Length : pass.Jobs.Count * pass.Jobs.Max(j => j.Tokens);
        lock (_gate) _tokensPerSecond = 0.9 * _tokensPerSecond + 0.1 * tokens / Math.Max(took.TotalSeconds, 1e-6);
        KeyValuePair<string, object?> model = new("model", _model.Artifact.Short);
        _meter.Passes.Add(1, model);
        _meter.Texts.Add(texts, model);
        _meter.Tokens.Add(tokens, model);
        _meter.Padding.Add(padded - tokens, model);
        _meter.Shared.Add(pass.Jobs.Sum(j => j.Texts.Sum(t => t.Tokens.Length)) - tokens, model);
        _meter.PassSeconds.Record(took.TotalSeconds, model);
    }
}
