using System.Diagnostics.Metrics;
using Rlhf.Learning.Rewards;
using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>
/// The one thread that computes with a model. Requests from everywhere wait here together: they are taken as passes of like lengths, up to a budget of tokens, the oldest
/// text always among them; what nobody waits for any more is not computed.
/// </summary>
sealed class ScoringLoop : IDisposable
{
    // Passes of several models would share the cores, and each would take the sum.
    static readonly Lock Device = new();

    readonly LoadedRewardModel _model;
    readonly ServingOptions _options;
    readonly TimeProvider _time;
    readonly ServingMeter _meter;
    readonly ScoringBacklog _backlog;
    readonly object _gate = new();
    readonly Thread _thread;
    double _tokensPerSecond = 1000;
    bool _stops;

    public ScoringLoop(LoadedRewardModel model, ServingOptions options, TimeProvider time, ServingMeter meter)
    {
        (_model, _options, _time, _meter) = (model, options, time, meter);
        _backlog = new(options, model.ContextLength, model.PassOverhead);
        _thread = new(Run) { IsBackground = true, Name = $"scoring by {model.Artifact.Short}" };
        _thread.Start();
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
        var now = _time.GetTimestamp();
        lock (_gate)
        {
            if (_stops) throw Stopping();
            if (!_backlog.HasRoomFor(texts.Sum(t => t.Tokens.Length))) _backlog.Drop();
            if (!_backlog.HasRoomFor(texts.Sum(t => t.Tokens.Length)))
            {
                _meter.Refused.Add(1);
                throw new ScoringRefusedException(ScoringRefusal.Busy, $"{_backlog.Tokens} tokens wait for {_model.Artifact.Short} already; expected at most {_options.QueueTokens} with this request.")
                {
                    RetryAfter = TimeSpan.FromSeconds(Math.Ceiling(Math.Clamp(_backlog.Tokens / _tokensPerSecond, 1, 60))),
                };
            }
            foreach (var (index, text) in texts.Index()) _backlog.Add(new(text, pending, index, request.PerToken, request.Deterministic) { Since = now });
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Ends what is computed now; what still waits gets no answer.</summary>
    public void Dispose()
    {
        IReadOnlyList<ScoringJob> left;
        lock (_gate)
        {
            _stops = true;
            left = _backlog.Clear();
            Monitor.Pulse(_gate);
        }
        foreach (var job in left) job.Request.Fail(Stopping());
        _thread.Join();
    }

    ScoringRefusedException Stopping() => new(ScoringRefusal.Stopping, $"{_model.Artifact.Short} is served here no longer; ask again, or another server.");

    void Run()
    {
        while (Next() is { } pass)
        {
            try
            {
                lock (Device) Compute(pass);
            }
            catch (Exception e)
            {
                // A pass that fails is its requests' failure; the next one may work.
                foreach (var job in pass.Jobs) job.Request.Fail(e);
            }
        }
    }

    /// <summary>Waits for a pass that is full, or whose oldest text has waited long enough; null at the end.</summary>
    NextPass? Next()
    {
        lock (_gate)
        {
            while (!_stops)
            {
                var left = _backlog.Oldest is { } oldest ? _options.LongestDelay - _time.GetElapsedTime(oldest.Since) : Timeout.InfiniteTimeSpan;
                if (_backlog.Oldest is not null && (left <= TimeSpan.Zero || _backlog.Tokens >= _options.TokenBudget || !_options.Batches))
                {
                    if (_backlog.Take() is { } pass) return pass;
                    continue;
                }
                Monitor.Wait(_gate, left);
            }
            return null;
        }
    }

    void Compute(NextPass pass)
    {
        var begun = _time.GetTimestamp();
        int[][] rows = [.. pass.Jobs.Select(j => j.Text.Tokens)];
        var ends = _model.Members.Select(m => pass.Tile is null ? ScoringPass.Ends(m, rows) : m.RawInTiles(rows, CancellationToken.None)).ToList();
        var everywhere = pass.Jobs.Any(j => j.PerToken) ? _model.Members.Select(m => ScoringPass.Everywhere(m, rows)).ToList() : null;
        // Before anybody has an answer: who reads the meter after it finds it counted.
        Note(pass, rows, _time.GetElapsedTime(begun));
        foreach (var (row, job) in pass.Jobs.Index())
        {
            try
            {
                job.Request.Complete(job.Index, _model.ScoreOf(job.Text, [.. ends.Select(e => e[row])], job.PerToken ? [.. everywhere!.Select(e => e[row])] : null));
            }
            catch (ScoringRefusedException e)
            {
                job.Request.Fail(e);
            }
        }
    }

    void Note(NextPass pass, int[][] rows, TimeSpan took)
    {
        var (texts, tokens) = (rows.Length, rows.Sum(r => r.Length));
        var padded = pass.Tile is { } tile ? tile.Rows * tile.Length : texts * rows.Max(r => r.Length);
        _tokensPerSecond = 0.9 * _tokensPerSecond + 0.1 * tokens / Math.Max(took.TotalSeconds, 1e-6);
        KeyValuePair<string, object?> model = new("model", _model.Artifact.Short);
        _meter.Passes.Add(1, model);
        _meter.Texts.Add(texts, model);
        _meter.Tokens.Add(tokens, model);
        _meter.Padding.Add(padded - tokens, model);
        _meter.PassSeconds.Record(took.TotalSeconds, model);
    }
}
