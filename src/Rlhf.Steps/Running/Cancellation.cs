namespace Rlhf.Steps.Running;

/// <summary>For the loops of a step that read as one expression.</summary>
public static class Cancellation
{
    /// <summary>The items in their order; the next one throws <see cref="OperationCanceledException"/> once the token is cancelled.</summary>
    public static IEnumerable<T> Until<T>(this IEnumerable<T> items, CancellationToken cancellationToken)
    {
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }
    }
}
