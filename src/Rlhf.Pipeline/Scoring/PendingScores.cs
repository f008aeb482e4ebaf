using Rlhf.Steps.Scoring;

namespace Rlhf.Pipeline.Scoring;

/// <summary>A request on its way: what has been computed of it, until all is there or it is over.</summary>
sealed class PendingScores(int texts, TimeSpan within, TimeProvider time)
{
    readonly TaskCompletionSource<IReadOnlyList<TextScore>> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TextScore?[] _scores = new TextScore?[texts];
    readonly long _begun = time.GetTimestamp();
    int _left = texts;

    public Task<IReadOnlyList<TextScore>> Answer => _answer.Task;

    /// <summary>True where nobody waits any more: answered, failed, given up, or its time is over.</summary>
    public bool IsOver => _answer.Task.IsCompleted || time.GetElapsedTime(_begun) > within;

    /// <summary>Called once for each text, by whichever thread computed it.</summary>
    public void Complete(int index, TextScore score)
    {
        _scores[index] = score;
        if (Interlocked.Decrement(ref _left) == 0) _answer.TrySetResult([.. _scores.Select(s => s!)]);
    }

    public void Fail(Exception reason) => _answer.TrySetException(reason);

    /// <summary>Waits for the answer, for as long as the request allows.</summary>
    /// <exception cref="ScoringRefusedException">The time passed, or there is a reason why it gets none.</exception>
    public async Task<IReadOnlyList<TextScore>> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            var left = within - time.GetElapsedTime(_begun);
            return await _answer.Task.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
        }
        catch (TimeoutException e)
        {
            throw new ScoringRefusedException(ScoringRefusal.TooLate, $"{_left} of {_scores.Length} texts were not scored within {within.TotalMilliseconds:0} ms; expected a later deadline, or fewer texts.", e);
        }
        finally
        {
            _answer.TrySetCanceled(CancellationToken.None);
            // Nobody reads it where the time passed first.
            _ = _answer.Task.Exception;
        }
    }
}
