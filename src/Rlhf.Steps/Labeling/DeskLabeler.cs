namespace Rlhf.Steps.Labeling;

/// <summary>
/// People: puts questions on the desk and waits for the event that says that the last answer has come, however long that takes. The desk is asked for
/// when it is needed first.
/// </summary>
public sealed class DeskLabeler(Func<ILabelingDesk> desk, TimeProvider time) : ILabeler
{
    /// <summary>What the event's name begins with, before the request's id.</summary>
    public const string EventPrefix = "judgements-";

    /// <summary>How often to look although no event came.</summary>
    public static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(10);

    /// <summary>Happens when the last place of a request has been filled.</summary>
    public static string EventOf(string request) => EventPrefix + request;

    public bool TakesCare => true;

    public Task AskAsync(LabelingRequest request, CancellationToken cancellationToken) => desk().PutAsync(request, cancellationToken);

    public Task WithdrawAsync(LabelingRequest request, CancellationToken cancellationToken) => desk().CloseAsync(request.Id, cancellationToken);

    public async Task<LabelingProgress> CollectAsync(LabelingRequest request, DateTimeOffset askedAt, CancellationToken cancellationToken)
    {
        var (judgements, missing) = await desk().ProgressAsync(request.Id, cancellationToken);
        return new(judgements, missing, missing > 0 ? time.GetUtcNow() + LookAgain : null) { Events = missing > 0 ? [EventOf(request.Id)] : [] };
    }
}
