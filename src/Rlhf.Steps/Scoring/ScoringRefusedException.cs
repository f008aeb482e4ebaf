namespace Rlhf.Steps.Scoring;

/// <summary>Why a request for scores has no answer.</summary>
public enum ScoringRefusal
{
    /// <summary>No model of that name or hash is served.</summary>
    UnknownModel,

    /// <summary>A text can't be scored as it is.</summary>
    Unscorable,

    /// <summary>The model's number for a text is not finite.</summary>
    NotFinite,

    /// <summary>As much waits as may; later there is room.</summary>
    Busy,

    /// <summary>The deadline passed before it was computed.</summary>
    TooLate,

    /// <summary>The server stops, or the model was taken away meanwhile.</summary>
    Stopping,
}

/// <summary>A request for scores that gets none, and why.</summary>
public sealed class ScoringRefusedException(ScoringRefusal reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public ScoringRefusal Reason => reason;

    /// <summary>When asking again makes sense, where <see cref="ScoringRefusal.Busy"/>.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
