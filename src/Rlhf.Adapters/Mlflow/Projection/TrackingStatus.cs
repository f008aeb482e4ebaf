namespace Rlhf.Adapters.Mlflow.Projection;

/// <summary>How much of the store the server was not yet told: runs, lines of journals, model versions, aliases to be set or removed.</summary>
public sealed record TrackingWaits(int Runs, long Lines, int Versions, int Aliases)
{
    public bool Any => Runs + Lines + Versions + Aliases > 0;
}

/// <summary>
/// One thing on the server that differs from what was delivered, and how; a repair mends it unless it is nothing of ours, or fixed for ever on
/// the server.
/// </summary>
public sealed record TrackingDifference(string What, string How, bool Repairable = true);

/// <summary>
/// The projection of a store into one experiment of one server: the runs and versions there should be, what waits, and what differs; the
/// differences are empty and <paramref name="Unreachable"/> says why where the server could not be asked. Unreadable are objects of the
/// store that nothing can be told of.
/// </summary>
public sealed record TrackingStatus(
    string Server, string Experiment, int Runs, int Versions, TrackingWaits Waiting, IReadOnlyList<TrackingDifference> Differences,
    string? Unreachable, IReadOnlyList<string> Unreadable)
{
    /// <summary>Everything was delivered and stands there as it should.</summary>
    public bool Clean => !Waiting.Any && Differences.Count == 0 && Unreachable is null && Unreadable.Count == 0;
}
